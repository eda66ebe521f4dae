package feed

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// answer does the oldest request that waits, in the goroutine of the writer: what
// the client asked for comes before the events after its position. It is false when
// the client cannot be written to.
func (c *client) answer(r *command) bool {
	if r.Kind != wire.KindHistory {
		return c.answerFollowed(r)
	}
	limit := int64(historyDefault)
	if r.Limit > 0 {
		limit = min(r.Limit, historyEvents)
	}
	s := &search{filter: newFilter(r.Topics, &access{}), events: int(limit), bytes: historyBytes, before: afterHead(r.at)}
	if err := s.setBefore(r.Before, r.at); err != nil {
		return c.answerError(r, wire.ErrorInvalid, r.failure()+err.Error())
	}
	if err := c.feed.history(s, c.sendPongs); err != nil {
		return c.answerFailed(r, err)
	}
	return c.sendHistory(r, s, true)
}

// afterHead is a place after the position and before the next event.
func afterHead(position store.ID) store.ID {
	position.Minor++
	return position
}

// answerFollowed tells from where the new topics are followed, after the earlier
// events that were asked for.
func (c *client) answerFollowed(r *command) bool {
	followed := wire.Followed{Kind: wire.KindFollowed, Number: r.Number, Position: r.at.String()}
	if r.Last > 0 || r.After != "" {
		s := &search{filter: newFilter(r.Topics, &access{}), each: int(min(r.Last, historyEvents)), events: max(historyEvents, len(r.Topics)), bytes: historyBytes, before: afterHead(r.at)}
		s.bytes = max(s.bytes, len(r.Topics)*historyBytesOfTopic)
		if r.After != "" {
			s.events = historyEvents
			from, err := c.feed.place(r.After, s.filter.names)
			if err != nil {
				return c.answerFailed(r, err)
			}
			if followed.Gap = from.gap; from.gap == nil {
				s.after = from.pos
			}
		}
		if err := c.feed.history(s, c.sendPongs); err != nil {
			return c.answerFailed(r, err)
		}
		if !s.complete && r.After != "" && followed.Gap == nil {
			followed.Gap = &wire.Gap{After: r.After, Reason: wire.GapLimited}
		}
		if followed.Gap != nil {
			followed.Gap.Earliest = ""
			if n := len(s.found); n > 0 {
				followed.Gap.Earliest = s.found[n-1].id.String()
			}
		}
		if !c.sendHistory(r, s, false) {
			return false
		}
	}
	frame, _ := json.Marshal(followed)
	return c.writeMessage(frame)
}

// historyBytesOfTopic is room for the newest event of a topic that is added.
const historyBytesOfTopic = 1 << 10

// answerFailed tells that the log cannot be read. The topics are followed all the
// same.
func (c *client) answerFailed(r *command, err error) bool {
	if _, gap := store.AsGap(err); !gap && !errors.Is(err, errBusy) {
		c.feed.options.Observer.StoreFailed(operationAfter)
	}
	return c.answerError(r, wire.ErrorUnavailable, "earlier events were not read: the log cannot be read at the moment; ask again later")
}

func (c *client) answerError(r *command, code, message string) bool {
	c.feed.options.Observer.MessageRefused(code)
	frame, _ := json.Marshal(wire.Error{Kind: wire.KindError, Code: code, Message: message, Number: r.Number})
	return c.writeMessage(frame)
}

// sendHistory writes what was found, oldest first, in frames that are no larger
// than those of a replay unless a single event is. The last one says where the
// answer begins.
func (c *client) sendHistory(r *command, s *search, last bool) bool {
	s.narrow(c.mayRead)
	frame := historyFrame(r.Number)
	begin := len(frame)
	for i := range slices.Backward(s.found) {
		e := &s.found[i]
		if len(frame) > begin && len(frame)+len(e.frame) > batchBytes {
			if !c.writeLong(append(frame, `],"more":true}`...)) {
				return false
			}
			frame = historyFrame(r.Number)
		}
		if len(frame) > begin {
			frame = append(frame, ',')
		}
		frame = append(frame, e.frame...)
	}
	c.feed.options.Observer.EventsSent(len(s.found))
	if !last {
		return len(frame) == begin || c.writeLong(append(frame, `],"more":true}`...))
	}
	return c.writeLong(append(appendEnd(append(frame, ']'), s), '}'))
}

func historyFrame(number int64) []byte {
	frame := append([]byte(`{"wakesocket":"`+wire.KindHistory+`","n":`), strconv.FormatInt(number, 10)...)
	return append(frame, `,"events":[`...)
}

// appendEnd appends where an answer begins.
func appendEnd(frame []byte, s *search) []byte {
	frame = append(s.from.Append(append(frame, `,"from":"`...)), '"')
	if s.complete {
		frame = append(frame, `,"complete":true`...)
	}
	return frame
}

// mayRead reports whether the client may read the topic; it asks the Topics hook
// when it has not been asked yet.
func (c *client) mayRead(topic string) bool {
	if !c.access.grants(topic) {
		return false
	}
	for ; ; c.askTopic(topic) {
		c.mu.Lock()
		allowed, known := c.filter.answers[topic]
		c.mu.Unlock()
		if known || c.access.hook == nil {
			return allowed || c.access.hook == nil
		}
	}
}

// writeLong writes a frame, in parts if it is long, with pongs in between.
func (c *client) writeLong(frame []byte) bool {
	parts := split(frame)
	if parts == nil {
		return c.writeMessage(frame)
	}
	for i, part := range parts {
		if i > 0 && !c.sendPongs() || !c.writeMessage(part) {
			return false
		}
	}
	return true
}
