package truth

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A TFRecord file is a sequence of records without a header:
//
//	uint64 length, uint32 masked CRC-32C of the length, length bytes of data, uint32 masked CRC-32C of the data
//
// all little-endian. Source: the comment of tensorflow/core/lib/io/record_writer.h.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the checksum of a TFRecord: rotated, and shifted by a constant, so that data that contain checksums
// themselves keep a good one.
func maskedCRC(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// longestRecord bounds what is read into memory at once; a record of NAS-Bench-101 has well under a kilobyte.
const longestRecord = 1 << 20

// readRecord returns the data of the next record in buf, which it grows as needed; io.EOF after the last.
func readRecord(r io.Reader, buf []byte) ([]byte, error) {
	var header [12]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("the file ends within a record's header: it is cut off, get it again")
		}
		return nil, err
	}
	if maskedCRC(header[:8]) != binary.LittleEndian.Uint32(header[8:]) {
		return nil, errors.New("wrong checksum of the record's length: not a TFRecord file, or damaged")
	}
	n := binary.LittleEndian.Uint64(header[:8])
	if n > longestRecord {
		return nil, fmt.Errorf("a record of %d bytes, want at most %d", n, longestRecord)
	}
	if uint64(cap(buf)) < n+4 {
		buf = make([]byte, n+4)
	}
	buf = buf[:n+4]
	if _, err := io.ReadFull(r, buf); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("the file ends within a record of %d bytes: it is cut off, get it again", n)
		}
		return nil, err
	}
	data, sum := buf[:n], binary.LittleEndian.Uint32(buf[n:])
	if maskedCRC(data) != sum {
		return nil, errors.New("wrong checksum of the record: the file is damaged, get it again")
	}
	return data, nil
}
