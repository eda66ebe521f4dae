package wire

import (
	"bytes"
	"unicode/utf8"
)

// A feed sends a long text frame in parts, each a message of its own, to a client
// that said wakesocket=1. A browser shows nothing of a message before its end: on
// a slow link a long message looks like silence, and no pong can overtake it. Each
// part begins with one of these.
const (
	PartMore = "wakesocket+" // another part follows
	PartLast = "wakesocket=" // the frame is complete
)

// PartSize is how many bytes of a frame go into a part: on a link of 16 kB/s that
// is a sign of life each second.
const PartSize = 16 << 10

// Cut splits the next part, without its prefix, from a text frame. It cuts between
// characters, since each part must be valid UTF-8; rest is nil after the last part.
func Cut(frame []byte) (part, rest []byte) {
	if len(frame) <= PartSize {
		return frame, nil
	}
	end := PartSize
	for at := end; at > end-utf8.UTFMax; at-- {
		if utf8.RuneStart(frame[at]) {
			end = at
			break
		}
	}
	return frame[:end], frame[end:]
}

// Parts joins the parts of the frames of one connection. The zero value is ready
// for use.
type Parts struct{ begun []byte }

// Len is how many bytes of an incomplete frame are held.
func (p *Parts) Len() int { return len(p.begun) }

// Join takes a text message and returns the frame that it is or completes; ok is
// false when more parts follow.
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
