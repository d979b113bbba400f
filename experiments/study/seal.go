package study

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"regexp"

	"github.com/oneshot-nas/oneshot/internal/files"
)

// ChecksumField is what the checksum of a row or a document is called in it: a CRC-32C, 8 hexadecimal digits.
const ChecksumField = "crc32c"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// DamagedError says that a file of a study is not what the program wrote.
type DamagedError struct {
	Path   string
	Reason string // what is wrong with it
	Remedy string // what to do, and what happens then
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged: %s; %s", e.Path, e.Reason, e.Remedy)
}

// WriteJSON replaces the file at path by v, indented, with a checksum as its last field, as [WriteFile] does. What v encodes to must be a
// JSON object. JSON has no NaN: encode an undefined number as a nil pointer.
func WriteJSON(path string, v any) error {
	return WriteFile(path, func(w io.Writer) error {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(v); err != nil {
			return err
		}
		body := []byte("{")
		if fields, ok := bytes.CutSuffix(b.Bytes(), []byte("\n}\n")); ok {
			body = append(fields, ',')
		} else if b.String() != "{}\n" {
			return fmt.Errorf("%T is no JSON object", v)
		}
		_, err := fmt.Fprintf(w, "%s\n  %q: \"%08x\"\n}\n", body, ChecksumField, crc32.Checksum(body, castagnoli))
		return err
	})
}

var jsonSeal = regexp.MustCompile(`\n  "` + ChecksumField + `": "([0-9a-f]{8})"\n}\n$`)

// ReadJSON reads what [WriteJSON] has written. A file that is not as it was written is a [*DamagedError]; so is one that somebody has
// edited. One without a checksum, which is not of WriteJSON, is read as it is.
func ReadJSON(path string, v any) error {
	contents, err := files.Read(path)
	if err != nil {
		return fmt.Errorf("study: %w", err)
	}
	damaged := func(format string, args ...any) error {
		return &DamagedError{path, fmt.Sprintf(format, args...), "delete it, and the same command writes it anew"}
	}
	if at := jsonSeal.FindSubmatchIndex(contents); at != nil {
		if sum := fmt.Sprintf("%08x", crc32.Checksum(contents[:at[0]], castagnoli)); sum != string(contents[at[2]:at[3]]) {
			return damaged("its checksum is %s, and it says %s", sum, contents[at[2]:at[3]])
		}
	} else if bytes.Contains(contents, []byte(ChecksumField)) {
		return damaged("it does not end in its checksum")
	}
	if err := json.Unmarshal(contents, v); err != nil {
		return damaged("%v", err)
	}
	return nil
}
