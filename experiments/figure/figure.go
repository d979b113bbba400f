package figure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
)

// Figure is a picture as data: what it shows can be drawn here, or anew from its JSON.
type Figure interface {
	FileName() string // without an ending
	Kind() string     // scatter, lines, intervals, heatmap
	WriteSVG(io.Writer) error
	WritePNG(io.Writer) error
}

// List is figures of any kind. In JSON each begins with its kind.
type List []Figure

// MarshalJSON writes the kinds beside the figures.
func (l List) MarshalJSON() ([]byte, error) {
	all := make([]json.RawMessage, len(l))
	for i, f := range l {
		fields, err := json.Marshal(f)
		if err != nil {
			return nil, fmt.Errorf("figure %s: %w", f.FileName(), err)
		}
		all[i] = fmt.Appendf(nil, `{"kind":%q,%s`, f.Kind(), fields[1:])
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (l *List) UnmarshalJSON(b []byte) error {
	var all []json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	*l = make(List, len(all))
	for i, fields := range all {
		var head struct{ Kind string }
		if err := json.Unmarshal(fields, &head); err != nil {
			return err
		}
		var f Figure
		switch head.Kind {
		case "scatter":
			f = &Scatter{}
		case "lines":
			f = &Lines{}
		case "intervals":
			f = &Intervals{}
		case "heatmap":
			f = &Heatmap{}
		default:
			return fmt.Errorf("figure %d is of kind %q, want scatter, lines, intervals or heatmap", i, head.Kind)
		}
		if err := json.Unmarshal(fields, f); err != nil {
			return fmt.Errorf("figure %d, of kind %s: %w", i, head.Kind, err)
		}
		(*l)[i] = f
	}
	return nil
}

// Values are numbers with the six digits that a picture can show; in JSON, which has no NaN, null stands for it.
type Values []float64

// MarshalJSON refuses infinities.
func (v Values) MarshalJSON() ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	var b bytes.Buffer
	b.WriteByte('[')
	for i, x := range v {
		if i > 0 {
			b.WriteByte(',')
		}
		switch {
		case math.IsNaN(x):
			b.WriteString("null")
		case math.IsInf(x, 0):
			return nil, fmt.Errorf("value %d is infinite", i)
		default:
			fmt.Fprintf(&b, "%.6g", x)
		}
	}
	b.WriteByte(']')
	return b.Bytes(), nil
}

// UnmarshalJSON reads null as NaN.
func (v *Values) UnmarshalJSON(b []byte) error {
	var read []*float64
	if err := json.Unmarshal(b, &read); err != nil {
		return err
	}
	if read == nil {
		*v = nil
		return nil
	}
	*v = make(Values, len(read))
	for i, x := range read {
		(*v)[i] = math.NaN()
		if x != nil {
			(*v)[i] = *x
		}
	}
	return nil
}

// sixDigits is x as Values write it.
func sixDigits(x float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	if err != nil { // as large as floats are, rounded up
		return x
	}
	return short
}
