package truth

import (
	"encoding/binary"
	"errors"
)

// field is one field of a message in protobuf's wire format (protobuf.dev/programming-guides/encoding). Which of the values
// is set depends on the wire type.
type field struct {
	number  uint64
	wire    uint64 // 0 varint, 1 fixed64, 2 bytes, 5 fixed32
	fixed64 uint64
	bytes   []byte
}

var errProtobuf = errors.New("not a protobuf message, or cut off")

// nextField takes the first field off a message.
func nextField(m []byte) (f field, rest []byte, err error) {
	tag, n := binary.Uvarint(m)
	if n <= 0 {
		return f, nil, errProtobuf
	}
	m = m[n:]
	f.number, f.wire = tag>>3, tag&7
	switch f.wire {
	case 0:
		if _, n = binary.Uvarint(m); n <= 0 {
			return f, nil, errProtobuf
		}
		return f, m[n:], nil
	case 1:
		if len(m) < 8 {
			return f, nil, errProtobuf
		}
		f.fixed64 = binary.LittleEndian.Uint64(m)
		return f, m[8:], nil
	case 2:
		length, n := binary.Uvarint(m)
		if n <= 0 || length > uint64(len(m)-n) {
			return f, nil, errProtobuf
		}
		m = m[n:]
		f.bytes = m[:length]
		return f, m[length:], nil
	case 5:
		if len(m) < 4 {
			return f, nil, errProtobuf
		}
		return f, m[4:], nil
	}
	return f, nil, errProtobuf
}
