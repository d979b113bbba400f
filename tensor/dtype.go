package tensor

import (
	"encoding/binary"
	"math"
)

// dtype is an element type of the safetensors format.
type dtype struct {
	bits  int64
	float func(b []byte) float32 // nil: known, but not read
}

// dtypes are the element types of the format; those with a float can be read as float32.
var dtypes = map[string]dtype{
	"F32":  {32, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }},
	"F64":  {64, func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }},
	"BF16": {16, func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }},
	"F16":  {16, func(b []byte) float32 { return half(binary.LittleEndian.Uint16(b)) }},
	"I64":  {64, func(b []byte) float32 { return float32(int64(binary.LittleEndian.Uint64(b))) }},

	"BOOL": {8, nil}, "U8": {8, nil}, "I8": {8, nil}, "F8_E5M2": {8, nil}, "F8_E4M3": {8, nil}, "F8_E8M0": {8, nil},
	"F8_E5M2FNUZ": {8, nil}, "F8_E4M3FNUZ": {8, nil}, "U16": {16, nil}, "I16": {16, nil}, "U32": {32, nil}, "I32": {32, nil},
	"U64": {64, nil}, "C64": {64, nil}, "F4": {4, nil}, "F6_E2M3": {6, nil}, "F6_E3M2": {6, nil},
}

// half widens an IEEE 754 half-precision number.
func half(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0: // subnormal: frac · 2^−24
		f := float32(frac) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 31: // Inf and NaN
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}
