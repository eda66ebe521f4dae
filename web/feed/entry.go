package feed

import (
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// entry is one event, encoded once for every client that gets it. A nil frame
// stands for an event that cannot be sent: it keeps its place in the order.
type entry struct {
	id    store.ID
	topic string
	frame []byte
	parts [][]byte     // the frame in parts, if it is longer than one part
	lists []*topicList // the lists of the ring's index that the event is in
}

// size is how many bytes of memory the encoded event takes.
func (e *entry) size() int {
	n := cap(e.frame)
	for _, part := range e.parts {
		n += cap(part)
	}
	return n
}

// valid reports whether data can go into a text frame as they are. Browsers close
// the connection on text that is not UTF-8, which json.Valid accepts inside strings.
func valid(data []byte) bool { return utf8.Valid(data) && json.Valid(data) }

// encode makes the frame of an event. Other programs may have written anything
// into the log, so an event that is not JSON gets no frame.
func encode(event store.Event) entry {
	e := entry{id: event.ID, topic: event.Topic}
	if !valid(event.Data) || event.Topic == controlTopic || store.IsMilestone(event.Topic) {
		return e
	}
	e.frame = slices.Grow(e.frame, len(`{"id":"","topic":"","time":,"data":}`)+48+len(event.Topic)+len(event.Data)) // cap is what is allocated
	e.frame = append(e.frame, `{"id":"`...)
	e.frame = event.ID.Append(e.frame)
	e.frame = append(e.frame, `","topic":`...)
	e.frame = appendString(e.frame, event.Topic)
	if !event.Time.IsZero() {
		e.frame = append(e.frame, `,"time":`...)
		e.frame = strconv.AppendInt(e.frame, event.Time.UnixMilli(), 10)
	}
	e.frame = append(e.frame, `,"data":`...)
	e.frame = append(e.frame, event.Data...)
	e.frame = append(e.frame, '}')
	e.parts = split(e.frame)
	return e
}

// appendString appends a JSON string. Most topics need no escapes.
func appendString(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(text) // never fails for a string
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}

func encodeAll(events []store.Event) []entry {
	entries := make([]entry, len(events))
	for i, event := range events {
		entries[i] = encode(event)
	}
	return entries
}

// split makes the parts of a long frame; nil for a short one. All clients share
// the parts, so sending them needs no memory of a client's own.
func split(frame []byte) (parts [][]byte) {
	if len(frame) <= wire.PartSize {
		return nil
	}
	for len(frame) > wire.PartSize {
		part, rest := wire.Cut(frame)
		parts = append(parts, slices.Concat([]byte(wire.PartMore), part))
		frame = rest
	}
	return append(parts, slices.Concat([]byte(wire.PartLast), frame))
}
