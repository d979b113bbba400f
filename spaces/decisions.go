package spaces

import (
	"bytes"
	"encoding/json"
)

// DecisionsJSON writes an architecture as the names of what it decides, in the order of [Space.Choices]:
//
//	{"0_1":"nor_conv_3x3","0_2":"skip_connect", …}
//
// It is the same for all spaces, and their Parse reads it, whereas the objects of the authors' tables (MarshalJSON of an architecture)
// have names in one space, indices in another and one-hot lists in a third. Decisions that do not arise are left out.
func DecisionsJSON(s Space, a Arch) string {
	var b bytes.Buffer
	values := a.Values()
	for i, c := range s.Choices() {
		if values[i] < 0 {
			continue
		}
		separator := byte(',')
		if b.Len() == 0 {
			separator = '{'
		}
		b.WriteByte(separator)
		for j, text := range []string{c.Name, c.Values[values[i]]} {
			if j > 0 {
				b.WriteByte(':')
			}
			quoted, _ := json.Marshal(text) // a string always can be
			b.Write(quoted)
		}
	}
	if b.Len() == 0 {
		return "{}"
	}
	return b.String() + "}"
}
