package native

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
)

// The vectors of package wire say what each frame means.
func TestFrameVectors(t *testing.T) {
	text, err := os.ReadFile("../wire/testdata/frames.json")
	if err != nil {
		t.Fatal(err)
	}
	type event struct {
		ID, Topic string
		Data      any
	}
	var vectors []struct {
		Name, Frame string
		Means       struct {
			Type              string
			Events            []event
			Errors            int
			Resumed, Live     bool
			At                string
			Heartbeat, Spread int64
			In                int64
			Gap               *session.Gap
		}
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		got, err := parse(3, []byte(v.Frame), time.Unix(1, 0))
		means := v.Means
		var want session.Input = session.Frame{Generation: 3}
		var events []event
		switch means.Type {
		case "pong":
			want = session.Pong{Generation: 3}
		case "hello":
			want = session.Hello{Generation: 3, Resumed: means.Resumed, Position: means.At, Live: means.Live, Gap: means.Gap,
				Heartbeat: time.Duration(means.Heartbeat) * time.Millisecond, FirstRetryWindow: time.Duration(means.Spread) * time.Millisecond}
		case "expiring":
			want = session.Expiring{Generation: 3, In: time.Duration(means.In) * time.Millisecond}
		case "position":
			want = session.Position{Generation: 3, Position: means.At, Live: means.Live}
		case "events":
			in := session.Events{Generation: 3}
			for _, e := range means.Events {
				in.IDs = append(in.IDs, e.ID)
			}
			want, events = in, means.Events
		}
		if !reflect.DeepEqual(got.Input, want) {
			t.Errorf("%s: %.200s is %+v, want %+v", v.Name, v.Frame, got.Input, want)
		}
		// An error is optional for a control frame that says nothing.
		if fails := means.Type == "malformed" || means.Errors > 0; (err != nil) != fails && means.Type != "none" {
			t.Errorf("%s: the error is %v", v.Name, err)
		}
		if len(got.events) != len(events) {
			t.Errorf("%s: %d events, want %d", v.Name, len(got.events), len(events))
			continue
		}
		for i, e := range got.events {
			var data any
			if len(e.Data) > 0 {
				json.Unmarshal(e.Data, &data)
			}
			if got := (event{e.ID, e.Topic, data}); !reflect.DeepEqual(got, events[i]) {
				t.Errorf("%s: event %d is %+v, want %+v", v.Name, i, got, events[i])
			}
			if !strings.Contains(v.Frame, string(e.Raw)) {
				t.Errorf("%s: the raw event %s is not in the frame", v.Name, e.Raw)
			}
		}
	}
}
