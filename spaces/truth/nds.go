package truth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/oneshot-nas/oneshot/spaces/plaintext"
)

const wantNDS = "a JSON file of NDS, such as DARTS.json"

// A run of a thousand epochs has some hundred kilobytes, the largest file of NDS some hundred megabytes.
const (
	longestRun = 16 << 20
	largestNDS = 8 << 30
)

// ReadNDS reads a JSON file of the design spaces of facebookresearch/nds: the test accuracy in % after the last epoch. The
// file is an array of runs or, for ImageNet, an object whose values are such arrays ("top" and "mid").
//
// An architecture is what the file has under "net", as compact JSON: for a cell search space the genotype with width and
// depth of the network (see [Genotype]), for the others the widths and depths of the stages. Several runs of one net, whatever
// their seed and optimiser, are the values of one row. A run has at most 16 MiB, a file 8 GiB, unpacked.
func ReadNDS(path string) (*Truth, error) {
	in, err := open(path, wantNDS)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return readNDS(in, path)
}

func readNDS(in io.Reader, path string) (*Truth, error) {
	text := plaintext.NewReader(in, longestRun, largestNDS)
	r := ndsReader{
		text:    text,
		decoder: json.NewDecoder(newNaNReader(text)),
		truth:   &Truth{Source: path, Metric: "test_accuracy", Unit: "%"},
		at:      make(map[string]int),
	}
	err := r.file()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return nil, fmt.Errorf("truth: %s: after %d runs: %w (want %s)", path, r.runs, err, wantNDS)
	}
	if r.runs == 0 {
		return nil, fmt.Errorf("truth: %s has no runs, want %s", path, wantNDS)
	}
	return r.truth, nil
}

// ndsReader collects the runs of a file one by one: a file has hundreds of megabytes, most of it training curves.
type ndsReader struct {
	text    *plaintext.Reader
	decoder *json.Decoder
	truth   *Truth
	at      map[string]int // row of a net
	runs    int
}

func (r *ndsReader) file() error {
	start, err := r.decoder.Token()
	if err != nil {
		return err
	}
	switch start {
	case json.Delim('['):
		err = r.array()
	case json.Delim('{'):
		for err == nil && r.decoder.More() {
			if _, err = r.decoder.Token(); err != nil { // the key
				return err
			}
			if start, err = r.decoder.Token(); err != nil {
				return err
			}
			if start != json.Delim('[') {
				return wantRuns(start)
			}
			err = r.array()
		}
		if err == nil {
			_, err = r.decoder.Token()
		}
	default:
		err = wantRuns(start)
	}
	return err
}

func wantRuns(start json.Token) error {
	return fmt.Errorf("%s, want an array of runs", plaintext.Name(fmt.Sprint(start)))
}

// end says what comes after the document, where nothing should.
func (r *ndsReader) end() error {
	token, err := r.decoder.Token()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return fmt.Errorf("after the end of the document: %w", err)
	}
	return fmt.Errorf("another document begins, with %s: want one; is it two files put together?", plaintext.Name(fmt.Sprint(token)))
}

// array reads the rest of an array of runs.
func (r *ndsReader) array() error {
	for r.decoder.More() {
		if err := r.run(); err != nil {
			return err
		}
	}
	_, err := r.decoder.Token()
	return err
}

func (r *ndsReader) run() error {
	var run struct {
		Net    json.RawMessage `json:"net"`
		Errors []*float64      `json:"test_ep_top1"` // in %, after each epoch
	}
	r.text.NextRecord()
	if err := r.decoder.Decode(&run); err != nil {
		return err
	}
	r.runs++
	var net bytes.Buffer
	if err := json.Compact(&net, run.Net); err != nil || !bytes.HasPrefix(net.Bytes(), []byte("{")) {
		return fmt.Errorf("the run has no object %q", "net")
	}
	if len(run.Errors) == 0 {
		return fmt.Errorf("the run has no errors %q", "test_ep_top1")
	}
	last := run.Errors[len(run.Errors)-1]
	if last == nil || !(*last >= 0 && *last <= 100) {
		return fmt.Errorf("the last error of %q is not a number from 0 to 100", "test_ep_top1")
	}
	i, ok := r.at[net.String()]
	if !ok {
		i = len(r.truth.Rows)
		r.at[net.String()] = i
		r.truth.Rows = append(r.truth.Rows, Row{Architecture: net.String(), Position: r.runs})
	}
	r.truth.Rows[i].Values = append(r.truth.Rows[i].Values, 100-*last)
	return nil
}

// Genotype returns the genotype of a net of NDS in the form that DARTS prints, Genotype(normal=[('sep_conv_3x3', 0), …], …),
// without the width and depth of the network. A net that is not of a cell search space is an error.
func Genotype(net string) (string, error) {
	var n struct {
		Genotype map[string][]json.RawMessage `json:"genotype"`
	}
	if err := json.Unmarshal([]byte(net), &n); err != nil {
		return "", fmt.Errorf("truth: net %s: %w", plaintext.Quote(net), err)
	}
	var parts []string
	for _, key := range []string{"normal", "normal_concat", "reduce", "reduce_concat"} {
		values, ok := n.Genotype[key]
		if !ok {
			return "", fmt.Errorf("truth: net %s has no genotype with a list %q", plaintext.Quote(net), key)
		}
		list := make([]string, len(values))
		for i, v := range values {
			var err error
			if list[i], err = genotypeItem(v, strings.HasSuffix(key, "_concat")); err != nil {
				return "", fmt.Errorf("truth: net %s: element %d of %s: %w", plaintext.Quote(net), i, key, err)
			}
		}
		parts = append(parts, key+"=["+strings.Join(list, ", ")+"]")
	}
	return "Genotype(" + strings.Join(parts, ", ") + ")", nil
}

// genotypeItem prints the number of a node, or a pair of operation and input.
func genotypeItem(v json.RawMessage, node bool) (string, error) {
	var input int
	if node {
		err := json.Unmarshal(v, &input)
		return fmt.Sprint(input), err
	}
	var op string
	var pair []json.RawMessage
	if err := json.Unmarshal(v, &pair); err != nil || len(pair) != 2 {
		return "", fmt.Errorf("%s is not a pair of operation and input", plaintext.Quote(string(v)))
	}
	if err := errors.Join(json.Unmarshal(pair[0], &op), json.Unmarshal(pair[1], &input)); err != nil {
		return "", err
	}
	return fmt.Sprintf("('%s', %d)", op, input), nil
}
