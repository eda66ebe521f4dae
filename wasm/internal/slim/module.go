package slim

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// header begins each module: its magic number and version 1.
var header = []byte("\x00asm\x01\x00\x00\x00")

const (
	customSection = 0
	dataSection   = 11 // what is in memory when the program starts
)

var errTruncated = errors.New("the module is truncated")

type section struct {
	id      byte
	content []byte
}

func readSections(module []byte) ([]section, error) {
	if !bytes.HasPrefix(module, header) {
		return nil, errors.New("this is not a wasm module of version 1")
	}
	var sections []section
	r := reader{module[len(header):], nil}
	for len(r.rest) > 0 && r.err == nil {
		id := r.take(1)[0]
		sections = append(sections, section{id, r.take(r.uint())})
	}
	return sections, r.err
}

func (s section) append(module []byte) []byte {
	module = binary.AppendUvarint(append(module, s.id), uint64(len(s.content)))
	return append(module, s.content...)
}

// reader reads the numbers and bytes of a section in order. The first error
// stays, and what is read after it is zero.
type reader struct {
	rest []byte
	err  error
}

// uint reads an unsigned LEB128 number of 32 bits.
func (r *reader) uint() int {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > 1<<32-1 {
		r.fail(errTruncated)
		return 0
	}
	r.rest = r.rest[size:]
	return int(n)
}

// int reads a signed LEB128 number of 32 bits.
func (r *reader) int() int {
	var n int64
	for shift := 0; shift < 35; shift += 7 {
		b := r.take(1)
		if r.err != nil {
			return 0
		}
		n |= int64(b[0]&0x7f) << shift
		if b[0] < 0x80 {
			if b[0]&0x40 != 0 {
				n |= -1 << (shift + 7)
			}
			return int(int32(n))
		}
	}
	r.fail(errors.New("a number of the module is too long"))
	return 0
}

func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.fail(errTruncated)
	}
	if r.err != nil {
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// appendInt appends a signed LEB128 number.
func appendInt(b []byte, n int) []byte {
	for {
		low := byte(n & 0x7f)
		n >>= 7
		if n == 0 && low&0x40 == 0 || n == -1 && low&0x40 != 0 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}
