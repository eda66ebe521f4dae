package wire

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// messages is how a frame travels.
func messages(frame []byte) (all [][]byte) {
	for len(frame) > PartSize {
		var part []byte
		part, frame = Cut(frame)
		all = append(all, append([]byte(PartMore), part...))
	}
	return append(all, append([]byte(PartLast), frame...))
}

func TestParts(t *testing.T) {
	for _, frame := range []string{
		"", "x", strings.Repeat("x", PartSize), strings.Repeat("x", PartSize+1), strings.Repeat("é", PartSize),
		"x" + strings.Repeat("é", PartSize), strings.Repeat("x€", 3*PartSize), strings.Repeat("xxx😀", PartSize),
		strings.Repeat("\x80", 3*PartSize), // not UTF-8
	} {
		var p Parts
		var got []byte
		all := messages([]byte(frame))
		for i, m := range all {
			if utf8.ValidString(frame) && !utf8.Valid(m) {
				t.Errorf("part %d of %d bytes cuts a character", i, len(frame))
			}
			whole, ok := p.Join(m)
			if ok != (i == len(all)-1) {
				t.Fatalf("part %d of %d: complete is %v", i, len(all), ok)
			}
			got = whole
			// A pong gets in between.
			if pong, ok := p.Join([]byte(Pong)); !ok || string(pong) != Pong {
				t.Fatalf("a pong after part %d came as %q, %v", i, pong, ok)
			}
		}
		if string(got) != frame {
			t.Errorf("%d bytes came back as %d", len(frame), len(got))
		}
		if p.Len() != 0 {
			t.Errorf("%d bytes of a frame that is complete are kept", p.Len())
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add([]byte("é€😀\x80"), 5000)
	f.Fuzz(func(t *testing.T, seed []byte, times int) {
		if len(seed) == 0 || times < 0 {
			return
		}
		frame := bytes.Repeat(seed, min(times, 1+100_000/len(seed)))
		valid := utf8.Valid(frame)
		var joined []byte
		for rest := frame; len(rest) > 0; {
			var part []byte
			part, rest = Cut(rest)
			if len(part) == 0 || len(part) > PartSize {
				t.Fatalf("a part of %d bytes, %d left", len(part), len(rest))
			}
			if valid && !utf8.Valid(part) {
				t.Fatalf("a character is cut after %d bytes", len(joined)+len(part))
			}
			joined = append(joined, part...)
		}
		if !bytes.Equal(joined, frame) {
			t.Fatal("the parts are not the frame")
		}
	})
}
