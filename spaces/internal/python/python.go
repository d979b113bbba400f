// Package python reads what Python prints: numbers, strings, lists, tuples, dicts, arrays of NumPy and calls such as
// Genotype(normal=[…]), and so JSON too. It is how architectures come out of notebooks and logs.
package python

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Values reads values that stand one after the other, with nothing but blanks, commas or semicolons between them, as JSON:
//
//   - a tuple is a list; the elements of a list may be separated by blanks only, as NumPy does;
//   - a call with arguments by name, Genotype(normal=…, reduce=…), is an object, OrderedDict([('a', 1)]) too;
//   - another call is its first argument: array([[0, 1]], dtype=int8), np.int64(3), tensor([0., 1.]); range(2, 6) is a list;
//   - None, nan and inf are null, any other name without quotes is a string;
//   - keys that are not strings become strings; a key that is there twice is an error;
//   - comments, from # to the end of the line, are passed over.
func Values(text string) ([]json.RawMessage, error) {
	p := parser{text: text}
	var values []json.RawMessage
	for p.skip(",;"); p.at < len(p.text); p.skip(",;") {
		v, err := p.value(0)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// Value reads a single value.
func Value(text string) (json.RawMessage, error) {
	values, err := Values(text)
	if err == nil && len(values) != 1 {
		err = fmt.Errorf("%d values, want one", len(values))
	}
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// Object reads a single object.
func Object(text string) (map[string]json.RawMessage, error) {
	v, err := Value(text)
	if err != nil {
		return nil, err
	}
	var m map[string]json.RawMessage
	if v[0] != '{' || json.Unmarshal(v, &m) != nil {
		return nil, fmt.Errorf("%.40s is not an object with keys", v)
	}
	return m, nil
}

// deepest bounds how values can be nested.
const deepest = 100

type parser struct {
	text string
	at   int
}

func (p *parser) errorf(format string, args ...any) error {
	before := []rune(p.text[:p.at])
	where := "at the start"
	if n := len(before); n > 0 {
		where = fmt.Sprintf("after %q", string(before[max(0, n-20):]))
	}
	return fmt.Errorf("%s %s", fmt.Sprintf(format, args...), where)
}

// skip passes over blanks, comments and the given characters.
func (p *parser) skip(also string) {
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		switch {
		case r == '#':
			n = strings.IndexByte(p.text[p.at:]+"\n", '\n')
		case !unicode.IsSpace(r) && !strings.ContainsRune(also, r):
			return
		}
		p.at += n
	}
}

// next returns the next byte that is no blank, 0 at the end.
func (p *parser) next() byte {
	p.skip("")
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *parser) value(depth int) (json.RawMessage, error) {
	switch c := p.next(); {
	case depth > deepest:
		return nil, p.errorf("more than %d values within each other", deepest)
	case c == 0:
		return nil, p.errorf("the text ends")
	case c == '[':
		return p.list(']', depth)
	case c == '(':
		return p.list(')', depth)
	case c == '{':
		return p.dict(depth)
	case c == '"' || c == '\'':
		return p.quoted()
	case strings.IndexByte("+-.0123456789", c) >= 0:
		return p.number()
	}
	return p.named(depth)
}

// list reads elements up to the closing bracket.
func (p *parser) list(closing byte, depth int) (json.RawMessage, error) {
	var elements []json.RawMessage
	p.at++
	for p.next() != closing {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		elements = append(elements, v)
		if p.next() == ',' {
			p.at++
		}
	}
	p.at++
	return join(elements), nil
}

func join(elements []json.RawMessage) json.RawMessage {
	b := []byte{'['}
	for i, v := range elements {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, v...)
	}
	return append(b, ']')
}

func (p *parser) dict(depth int) (json.RawMessage, error) {
	var o object
	p.at++
	for p.next() != '}' {
		key, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.next() != ':' {
			return nil, p.errorf("a colon is missing")
		}
		p.at++
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if err := o.add(key, v); err != nil {
			return nil, err
		}
		switch p.next() {
		case ',':
			p.at++
		case '}':
		default:
			return nil, p.errorf("a comma or } is missing")
		}
	}
	p.at++
	return o.json(), nil
}

// object collects the members of an object.
type object struct {
	keys map[string]bool
	text []byte
}

func (o *object) add(key, value json.RawMessage) error {
	if key[0] != '"' {
		key = quote(string(key))
	}
	var name string
	if err := json.Unmarshal(key, &name); err != nil {
		return err
	}
	if o.keys[name] {
		return fmt.Errorf("the key %.40q is there twice", name)
	}
	if o.keys == nil {
		o.keys = make(map[string]bool)
	} else {
		o.text = append(o.text, ',')
	}
	o.keys[name] = true
	o.text = append(append(append(o.text, key...), ':'), value...)
	return nil
}

func (o *object) json() json.RawMessage { return []byte("{" + string(o.text) + "}") }

func quote(s string) json.RawMessage {
	b, _ := json.Marshal(s) // a string always can be
	return b
}

// quoted reads a string.
func (p *parser) quoted() (json.RawMessage, error) {
	start := p.at
	end := start + 1
	for ; end < len(p.text) && p.text[end] != p.text[start]; end++ {
		if p.text[end] == '\\' {
			end++
		}
	}
	if end >= len(p.text) {
		return nil, p.errorf("a string does not end")
	}
	p.at = end + 1
	if token := p.text[start:p.at]; token[0] == '"' && json.Valid([]byte(token)) {
		return []byte(token), nil
	}
	var b strings.Builder
	for rest := p.text[start+1 : end]; rest != ""; {
		r, _, tail, err := strconv.UnquoteChar(rest, p.text[start])
		if err != nil { // a line break, or an escape that Go does not have: as it stands
			_, n := utf8.DecodeRuneInString(rest)
			b.WriteString(rest[:n])
			rest = rest[n:]
			continue
		}
		b.WriteRune(r)
		rest = tail
	}
	return quote(b.String()), nil
}

// number reads an integer or a decimal number.
func (p *parser) number() (json.RawMessage, error) {
	end := p.at + 1
	for end < len(p.text) && (strings.IndexByte(".0123456789_", p.text[end]) >= 0 || isLetter(p.text[end]) ||
		strings.IndexByte("+-", p.text[end]) >= 0 && strings.IndexByte("eE", p.text[end-1]) >= 0) {
		end++
	}
	token := p.text[p.at:end]
	if bare := strings.TrimLeft(token, "+-"); bare == "inf" || bare == "nan" {
		p.at = end
		return []byte("null"), nil
	}
	if json.Valid([]byte(token)) {
		p.at = end
		return []byte(token), nil
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(token, "_", ""), 64)
	if err != nil || strings.ContainsAny(token, "xXpP") || math.IsInf(f, 0) {
		return nil, p.errorf("%.40q is not a number", token)
	}
	p.at = end
	return strconv.AppendFloat(nil, f, 'g', -1, 64), nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// constants are the names that stand for a value.
var constants = map[string]string{
	"True": "true", "true": "true", "False": "false", "false": "false",
	"None": "null", "null": "null", "nan": "null", "NaN": "null", "inf": "null",
}

// named reads a constant, a call, a string with a prefix, or a name.
func (p *parser) named(depth int) (json.RawMessage, error) {
	start := p.at
	for p.at < len(p.text) && (isLetter(p.text[p.at]) || p.text[p.at] >= '0' && p.text[p.at] <= '9' || p.text[p.at] == '.') {
		p.at++
	}
	name := p.text[start:p.at]
	if name == "" {
		r, _ := utf8.DecodeRuneInString(p.text[p.at:])
		return nil, p.errorf("%q is not the start of a value", r)
	}
	switch c := p.next(); {
	case c == '(':
		return p.call(name[strings.LastIndexByte(name, '.')+1:], depth)
	case (c == '\'' || c == '"') && len(name) == 1:
		return p.quoted()
	}
	if c, ok := constants[name]; ok {
		return []byte(c), nil
	}
	return quote(name), nil
}

// call reads the arguments of a call and returns its value.
func (p *parser) call(name string, depth int) (json.RawMessage, error) {
	var (
		arguments []json.RawMessage
		named     object
	)
	p.at++
	for p.next() != ')' {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.next() == '=' {
			p.at++
			key := v
			if v, err = p.value(depth + 1); err == nil {
				err = named.add(key, v)
			}
			if err != nil {
				return nil, err
			}
		} else {
			arguments = append(arguments, v)
		}
		switch p.next() {
		case ',':
			p.at++
		case ')':
		default:
			return nil, p.errorf("a comma or ) is missing")
		}
	}
	p.at++
	switch {
	case name == "range":
		return ranged(arguments)
	case name == "OrderedDict" && len(arguments) == 1:
		return ordered(arguments[0])
	case len(arguments) == 0:
		return named.json(), nil
	}
	return arguments[0], nil
}

// longest bounds a range.
const longest = 1000

// ranged lists the integers of range(end) or range(begin, end).
func ranged(arguments []json.RawMessage) (json.RawMessage, error) {
	var bounds [2]int
	if n := len(arguments); n < 1 || n > 2 {
		return nil, fmt.Errorf("range(%s), want one or two numbers", join(arguments))
	}
	for i, a := range arguments {
		if err := json.Unmarshal(a, &bounds[i+2-len(arguments)]); err != nil {
			return nil, fmt.Errorf("range(%.40s), want integers", join(arguments))
		}
	}
	if bounds[0] < -longest || bounds[1] > longest {
		return nil, fmt.Errorf("range(%d, %d) is longer than anything in an architecture", bounds[0], bounds[1])
	}
	var list []json.RawMessage
	for i := bounds[0]; i < bounds[1]; i++ {
		list = append(list, strconv.AppendInt(nil, int64(i), 10))
	}
	return join(list), nil
}

// ordered makes an object of a list of pairs.
func ordered(list json.RawMessage) (json.RawMessage, error) {
	if list[0] == '{' {
		return list, nil
	}
	var pairs [][]json.RawMessage
	if err := json.Unmarshal(list, &pairs); err != nil {
		return nil, fmt.Errorf("OrderedDict(%.40s), want pairs of key and value", list)
	}
	var o object
	for _, pair := range pairs {
		if len(pair) != 2 {
			return nil, fmt.Errorf("OrderedDict has an element of %d values, want pairs of key and value", len(pair))
		}
		if err := o.add(pair[0], pair[1]); err != nil {
			return nil, err
		}
	}
	return o.json(), nil
}
