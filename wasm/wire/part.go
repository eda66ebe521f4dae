package wire

import (
	"bytes"
	"unicode/utf8"
)

// A feed sends a long text frame to a client that said wakesocket=1 in parts.
// Browsers show nothing of a message before its end: on a slow link a long one is
// like silence, and no pong gets past it. Each part begins with one of these.
const (
	PartMore = "wakesocket+" // another part follows
	PartLast = "wakesocket=" // the frame is complete
)

// PartSize is how many bytes of a frame go into a part: a sign of life each
// second on a link of 16 kB/s.
const PartSize = 16 << 10

// Cut takes the next part, without its beginning, from a text frame. No character
// is cut, since each part is a message of its own; rest is empty behind the last.
func Cut(frame []byte) (part, rest []byte) {
	if len(frame) <= PartSize {
		return frame, nil
	}
	end := PartSize
	for back := end; back > end-utf8.UTFMax; back-- {
		if utf8.RuneStart(frame[back]) {
			end = back
			break
		}
	}
	return frame[:end], frame[end:]
}

// Parts puts frames together again. The zero value is ready; it serves one
// connection.
type Parts struct{ begun []byte }

// Len is the size of the frame that has begun.
func (p *Parts) Len() int { return len(p.begun) }

// Join takes a text message and returns the frame that it is or completes; ok is
// false when more is to come.
func (p *Parts) Join(message []byte) (frame []byte, ok bool) {
	if part, is := bytes.CutPrefix(message, []byte(PartMore)); is {
		p.begun = append(p.begun, part...)
		return nil, false
	}
	if part, is := bytes.CutPrefix(message, []byte(PartLast)); is {
		frame = append(p.begun, part...)
		p.begun = nil
		return frame, true
	}
	return message, true
}
