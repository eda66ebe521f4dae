package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// parse reads one text frame that was received now, with all its parts. A frame that
// cannot be read is still a sign of life, and comes with an error.
func parse(generation int, data []byte, now time.Time) (arrival, error) {
	if string(data) == wire.Pong {
		return arrival{Input: session.Pong{Generation: generation}}, nil
	}
	life := arrival{Input: session.Frame{Generation: generation}}
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) > 0 && data[0] == '[' {
		if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
			return life, fmt.Errorf("a frame as JSON: %w", err)
		}
		return events(generation, splitArray(data), now)
	}
	if !json.Valid(data) || data[0] != '{' {
		return life, errors.New("a frame as an event: it is not a JSON object")
	}
	f, _ := splitObject(data)
	kind, isControl := unquote(f.control)
	if !isControl {
		return events(generation, []json.RawMessage{data}, now)
	}
	if (kind == wire.KindHello || kind == wire.KindPosition) && !isText(f.at) {
		return life, fmt.Errorf("a frame of kind %s: it has no position", kind)
	}
	a, err := parseControl(generation, kind, data, now)
	if err != nil {
		return arrival{Input: life.Input, answer: a.answer, newest: a.newest}, fmt.Errorf("a frame of kind %s: %w", kind, err)
	}
	return a, nil
}

func isText(value json.RawMessage) bool { return len(value) > 0 && value[0] == '"' }

// parseControl reads a control frame. One of a kind that is not known is a sign of
// life: newer servers may send it.
func parseControl(generation int, kind string, data []byte, now time.Time) (a arrival, err error) {
	a.Input = session.Frame{Generation: generation}
	switch kind {
	case wire.KindHello:
		var hello wire.Hello
		if err = json.Unmarshal(data, &hello); err == nil {
			a = helloArrival(generation, hello)
		}
	case wire.KindPosition:
		var p wire.Position
		if err = json.Unmarshal(data, &p); err == nil && p.Position == "" {
			err = errors.New("its position is empty")
		}
		if err == nil {
			a.Input = session.Position{Generation: generation, Position: p.Position, Live: p.Live}
		}
	case wire.KindExpiring:
		var e wire.Expiring
		if err = json.Unmarshal(data, &e); err == nil {
			a.Input = session.Expiring{Generation: generation, In: milliseconds(e.In)}
		}
	case wire.KindFresh:
		var f wire.Fresh
		if err = json.Unmarshal(data, &f); err == nil {
			a.also = func(l *loop) { l.declare(f.Fresh, false) }
		}
	case wire.KindError:
		var e wire.Error
		if err = json.Unmarshal(data, &e); err == nil {
			a.answer = &answer{number: e.Number, kind: kind, err: &ServerError{Code: e.Code, Message: e.Message}}
		}
	case wire.KindFollowed:
		var f wire.Followed
		if err = json.Unmarshal(data, &f); err == nil {
			a.answer = &answer{number: f.Number, kind: kind, position: f.Position, gap: gapOf(f.Gap)}
		}
	case wire.KindHistory:
		var h wire.History[json.RawMessage]
		if err = json.Unmarshal(data, &h); err == nil {
			a.answer, err = historyAnswer(h, now)
		}
	case wire.KindLatest:
		var n wire.LatestEvents[json.RawMessage]
		if err = json.Unmarshal(data, &n); err == nil {
			a.newest, err = newestOf(n, now)
		}
	}
	return a, err
}

func helloArrival(generation int, hello wire.Hello) arrival {
	in := session.Hello{
		Generation: generation, Resumed: hello.Resumed, Position: hello.Position, Live: hello.Live,
		Heartbeat: milliseconds(hello.Heartbeat), FirstRetryWindow: milliseconds(hello.FirstRetryWindow),
	}
	in.Gap = gapOf(hello.Gap)
	return arrival{Input: in, also: func(l *loop) {
		limits := wire.Limits{}
		if hello.Limits != nil {
			limits = *hello.Limits
		}
		l.mu.Lock()
		l.limit = limits.Message
		l.mu.Unlock()
		l.declare(hello.Fresh, true)
		l.greeted(generation, limits)
		l.latest.hello(l.sockets[generation], hello.Latest, hello.Position)
	}}
}

func gapOf(gap *wire.Gap) *session.Gap {
	if gap == nil {
		return nil
	}
	return &session.Gap{After: gap.After, Earliest: gap.Earliest, Reason: gap.Reason}
}

// historyAnswer reads earlier events. Those that cannot be read are left out, with an
// error.
func historyAnswer(h wire.History[json.RawMessage], now time.Time) (*answer, error) {
	a, err := events(0, h.Events, now)
	for i := range a.events {
		a.events[i].History = true
	}
	return &answer{number: h.Number, kind: wire.KindHistory, events: a.events, more: h.More, from: h.From, complete: h.Complete}, err
}

// milliseconds is a duration; what no duration holds becomes the longest.
func milliseconds(ms int64) time.Duration {
	const longest = int64(1<<63-1) / int64(time.Millisecond)
	return time.Duration(min(max(ms, -longest), longest)) * time.Millisecond
}

// events reads valid JSON values, which are the events of a frame.
func events(generation int, batch []json.RawMessage, now time.Time) (arrival, error) {
	in := session.Events{Generation: generation}
	a := arrival{}
	var bad error
	for _, raw := range batch {
		f, ok := splitObject(raw)
		if !ok {
			bad = errors.New("an event: it is not a JSON object")
			continue
		}
		id, err := eventID(f.id)
		if err != nil {
			bad = err // it is delivered all the same, but nothing resumes from it
		}
		e := Event{ID: id, Data: f.data, Raw: raw, Received: now}
		e.Topic, _ = unquote(f.topic) // what is not text is not a topic
		if published, err := strconv.ParseInt(string(f.time), 10, 64); err == nil && published > 0 {
			e.Time = time.UnixMilli(published)
		}
		in.IDs = append(in.IDs, id)
		a.events = append(a.events, e)
	}
	a.Input = in
	if len(in.IDs) == 0 {
		a.Input = session.Frame{Generation: generation}
	}
	return a, bad
}

// eventID is an id as a string; numbers keep the digits that the server wrote.
func eventID(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return "", nil
	}
	id := string(raw)
	switch {
	case raw[0] == '"':
		id, _ = unquote(raw)
		if strings.Contains(id, "\ufffd") && strings.Count(id, "\ufffd") > strings.Count(string(raw), "\ufffd")+strings.Count(strings.ToLower(string(raw)), `\ufffd`) {
			id = "" // half a character: the decoder puts U+FFFD in its place, so that two ids would become one
		}
	case raw[0] != '-' && (raw[0] < '0' || raw[0] > '9'):
		id = ""
	}
	if !wire.ValidID(id) {
		return "", fmt.Errorf("an id: it must be a number or one line of at most %d characters, not %.80s", wire.MaxID, raw)
	}
	return id, nil
}

// addDigest tells an event that a plain server sends again from another with the
// same id. Frames with several events come from feeds, which say what they replay.
func addDigest(a *arrival, frame []byte) {
	in, is := a.Input.(session.Events)
	if !is || bytes.HasPrefix(bytes.TrimLeft(frame, " \t\r\n"), []byte("[")) {
		return
	}
	h := fnv.New64a()
	h.Write(frame)
	in.Contents = []string{strconv.FormatUint(h.Sum64(), 36)}
	a.Input = in
}
