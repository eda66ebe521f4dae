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

// parse reads one text frame, of which all parts are there. What cannot be read is still a sign of life, and
// comes with an error.
func parse(gen int, data []byte) (arrival, error) {
	if string(data) == wire.Pong {
		return arrival{Input: session.Pong{Generation: gen}}, nil
	}
	life := arrival{Input: session.Frame{Generation: gen}}
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) > 0 && data[0] == '[' {
		var batch []json.RawMessage
		if err := json.Unmarshal(data, &batch); err != nil {
			return life, fmt.Errorf("a frame is not JSON: %w", err)
		}
		return events(gen, batch)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil || fields == nil {
		return life, fmt.Errorf("a frame is not an event: %.80q", data)
	}
	if !isText(fields[wire.Control]) {
		return events(gen, []json.RawMessage{data})
	}
	var kind string
	json.Unmarshal(fields[wire.Control], &kind)
	switch kind {
	case wire.KindHello:
		var hello wire.Hello
		if err := json.Unmarshal(data, &hello); err != nil {
			return life, fmt.Errorf("a hello that cannot be read: %w", err)
		}
		in := session.Hello{Generation: gen, Resumed: hello.Resumed, Position: hello.Position, Live: hello.Live,
			Heartbeat: time.Duration(hello.Heartbeat) * time.Millisecond, FirstRetryWindow: time.Duration(hello.FirstRetryWindow) * time.Millisecond}
		if !isText(fields["at"]) {
			return life, errors.New("a hello without a position")
		}
		if hello.Gap != nil {
			in.Gap = &session.Gap{After: hello.Gap.After, Earliest: hello.Gap.Earliest, Reason: hello.Gap.Reason}
		}
		return arrival{Input: in}, nil
	case wire.KindPosition:
		var at wire.Position
		if err := json.Unmarshal(data, &at); err != nil {
			return life, fmt.Errorf("a position that cannot be read: %w", err)
		}
		if at.Position == "" {
			return life, errors.New("a position frame without a position")
		}
		return arrival{Input: session.Position{Generation: gen, Position: at.Position, Live: at.Live}}, nil
	}
	return life, nil
}

func isText(value json.RawMessage) bool { return len(value) > 0 && value[0] == '"' }

func events(gen int, batch []json.RawMessage) (arrival, error) {
	in := session.Events{Generation: gen}
	a := arrival{}
	var bad error
	for _, raw := range batch {
		// A map, since names are exact; a struct would take "ID" for "id".
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil || fields == nil {
			bad = fmt.Errorf("a frame holds %.80q where an event, a JSON object, should be", raw)
			continue
		}
		id, err := idOf(fields["id"])
		if err != nil {
			bad = err // delivered all the same, but not resumed from
		}
		e := Event{ID: id, Data: fields["data"], Raw: raw}
		json.Unmarshal(fields["topic"], &e.Topic) // what is no text is no topic
		in.IDs = append(in.IDs, id)
		a.events = append(a.events, e)
	}
	a.Input = in
	if len(in.IDs) == 0 {
		a.Input = session.Frame{Generation: gen}
	}
	return a, bad
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

// idOf is an id as a string; numbers keep the digits that the server wrote.
func idOf(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return "", nil
	}
	id := string(raw)
	switch {
	case raw[0] == '"':
		json.Unmarshal(raw, &id)
		if strings.Count(id, "\ufffd") > strings.Count(string(raw), "\ufffd")+strings.Count(strings.ToLower(string(raw)), `\ufffd`) {
			id = "" // half a character: the decoder puts U+FFFD in its place, so that two ids would become one
		}
	case raw[0] != '-' && (raw[0] < '0' || raw[0] > '9'):
		id = ""
	}
	if !wire.ValidID(id) {
		return "", fmt.Errorf("an id must be a number or one line of at most %d characters, not %.80s", wire.MaxID, raw)
	}
	return id, nil
}
