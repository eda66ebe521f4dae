package slim

import (
	"encoding/binary"
	"errors"
)

const (
	i32Const = 0x41
	end      = 0x0b
)

// maxMemory is more than any client.wasm has, and less than this machine: a
// damaged module must not make us allocate gigabytes.
const maxMemory = 256 << 20

// longZeros is how many zeros in a row are left out of the file. The linker leaves
// out eight, which makes 50,000 segments: their offsets are noise to a compressor,
// and it makes almost nothing of zeros.
const longZeros = 256

// memory is the content of the data segments, and zeros between them.
type memory struct {
	start int // address of the first byte
	bytes []byte
}

type segment struct {
	at   int
	data []byte
}

// readSegments lays the segments of a data section out as a program finds them.
func readSegments(section []byte) (*memory, error) {
	r := reader{section, nil}
	var segments []segment
	first, last := maxMemory, 0
	for n := r.uint(); n > 0 && r.err == nil; n-- {
		kind, op, at, stop := r.uint(), r.take(1), r.int(), r.take(1)
		data := r.take(r.uint())
		if r.err != nil {
			break
		}
		if kind != 0 || op[0] != i32Const || stop[0] != end || at < 0 || at+len(data) > maxMemory {
			return nil, errors.New("a data segment has another form than those of the Go linker")
		}
		segments = append(segments, segment{at, data})
		first, last = min(first, at), max(last, at+len(data))
	}
	if r.err != nil {
		return nil, r.err
	}
	if len(segments) == 0 {
		return &memory{}, nil
	}
	m := &memory{first, make([]byte, last-first)}
	for _, s := range segments {
		copy(m.bytes[s.at-first:], s.data)
	}
	return m, nil
}

// writeSegments makes a data section of few segments.
func writeSegments(m *memory) []byte {
	var body []byte
	count := 0
	for at := 0; at < len(m.bytes); {
		next, zeros := nextZeros(m.bytes[at:])
		if next > 0 {
			count++
			body = append(body, 0, i32Const)
			body = append(appendInt(body, m.start+at), end)
			body = binary.AppendUvarint(body, uint64(next))
			body = append(body, m.bytes[at:at+next]...)
		}
		at += next + zeros
	}
	return append(binary.AppendUvarint(nil, uint64(count)), body...)
}

// nextZeros returns where the next long run of zeros begins, or those at the end
// begin, and how many they are.
func nextZeros(b []byte) (at, length int) {
	zeros := 0
	for i, value := range b {
		if value == 0 {
			zeros++
			continue
		}
		if zeros >= longZeros {
			return i - zeros, zeros
		}
		zeros = 0
	}
	return len(b) - zeros, zeros
}
