package native

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	var control struct {
		Kind string `json:"wakesocket"`
	}
	if err := json.Unmarshal(data, &control); err != nil {
		return life, fmt.Errorf("a frame is not an event: %w", err)
	}
	switch control.Kind {
	case "":
		return events(gen, []json.RawMessage{data})
	case wire.KindHello:
		var hello wire.Hello
		if err := json.Unmarshal(data, &hello); err != nil {
			return life, fmt.Errorf("a hello that cannot be read: %w", err)
		}
		in := session.Hello{Generation: gen, Resumed: hello.Resumed, Position: hello.Position, Live: hello.Live,
			Heartbeat: time.Duration(hello.Heartbeat) * time.Millisecond, FirstRetryWindow: time.Duration(hello.FirstRetryWindow) * time.Millisecond}
		if hello.Gap != nil {
			in.Gap = &session.Gap{After: hello.Gap.After, Earliest: hello.Gap.Earliest, Reason: hello.Gap.Reason}
		}
		return arrival{Input: in}, nil
	case wire.KindPosition:
		var at wire.Position
		if err := json.Unmarshal(data, &at); err != nil {
			return life, fmt.Errorf("a position that cannot be read: %w", err)
		}
		return arrival{Input: session.Position{Generation: gen, Position: at.Position, Live: at.Live}}, nil
	}
	return life, nil
}

func events(gen int, batch []json.RawMessage) (arrival, error) {
	in := session.Events{Generation: gen}
	a := arrival{}
	var bad error
	for _, raw := range batch {
		var e struct {
			ID    json.RawMessage `json:"id"`
			Topic string          `json:"topic"`
			Data  json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal(raw, &e); err != nil {
			bad = fmt.Errorf("an event that cannot be read: %w", err)
			continue
		}
		id, err := text(e.ID)
		if err != nil {
			bad = err // delivered all the same, but not resumed from
		}
		in.IDs = append(in.IDs, id)
		a.events = append(a.events, Event{ID: id, Topic: e.Topic, Data: e.Data, Raw: raw})
	}
	a.Input = in
	if len(in.IDs) == 0 {
		a.Input = session.Frame{Generation: gen}
	}
	return a, bad
}

// text is an id as a string; numbers keep the digits that the server wrote.
func text(id json.RawMessage) (string, error) {
	switch {
	case len(id) == 0 || string(id) == "null":
		return "", nil
	case id[0] == '"':
		var s string
		err := json.Unmarshal(id, &s)
		return s, err
	case id[0] == '-' || id[0] >= '0' && id[0] <= '9':
		return string(id), nil
	}
	return "", fmt.Errorf("an id must be a string or a number, not %s", id)
}
