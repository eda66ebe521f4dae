package sim

import (
	"fmt"

	"github.com/wakesocket/wakesocket/wasm/session"
)

// tell writes an input and its effects into the trace.
func (t *tab) tell(in input, effects []session.Effect) {
	if _, tick := in.Input.(session.Tick); tick && len(effects) == 0 {
		return
	}
	who := ""
	if t.judge.number > 0 {
		who = "second tab: "
	}
	t.w.note("%s%s", who, describeInput(in))
	for _, e := range effects {
		t.w.note("%s    → %s", who, describeEffect(e, t.w))
	}
}

func describeInput(in input) string {
	switch it := in.Input.(type) {
	case session.Events:
		if len(it.IDs) > 2 {
			return fmt.Sprintf("events %d: %s … %s (%d)", it.Generation, it.IDs[0], it.IDs[len(it.IDs)-1], len(it.IDs))
		}
		return fmt.Sprintf("events %d: %v", it.Generation, it.IDs)
	case session.Hello:
		text := fmt.Sprintf("hello %d at %s, resumed %v, live %v", it.Generation, it.Position, it.Resumed, it.Live)
		if it.Gap != nil {
			text += fmt.Sprintf(", gap %+v", *it.Gap)
		}
		return text
	}
	return fmt.Sprintf("%T %+v", in.Input, in.Input)[len("session."):]
}

func describeEffect(e session.Effect, w *World) string {
	switch e := e.(type) {
	case session.Dial:
		text := fmt.Sprintf("dial %d after %q, attempt %d", e.Generation, e.After, e.Attempt)
		if e.Previous != nil {
			text += fmt.Sprintf(", was %s", e.Previous.Cause)
		}
		return text
	case session.State:
		text := string(e.Name)
		if e.Cause != "" {
			text += ": " + e.Cause
		}
		if e.RetryAt >= 0 {
			text += fmt.Sprintf(", retry in %v", e.RetryAt-w.instant().Wall)
		}
		return text
	}
	return fmt.Sprintf("%T %+v", e, e)[len("session."):]
}
