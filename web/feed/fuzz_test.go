package feed

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

func FuzzCommand(f *testing.F) {
	for _, seed := range []string{
		`{"wakesocket":"topics","topics":["cpu","mem"]}`, `{"wakesocket":"topics"}`, `{"wakesocket":"topics","topics":null}`,
		`{"wakesocket":"topics","topics":[""]}`, `{"wakesocket":"topics","topics":"cpu"}`, `{"wakesocket":7}`, `[]`, `null`, `ping`,
		`{"wakesocket":"add","n":1,"topics":["cpu"],"last":1}`, `{"wakesocket":"history","n":2,"topic":"cpu","limit":-1}`, `{"wakesocket":"remove","n":1e99}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, ok, err := parseCommand(data)
		if !ok && (err != nil || r.Kind != "" || r.Topics != nil) {
			t.Fatalf("%+v %v %v", r, ok, err)
		}
		if ok && !bytes.Contains(data, []byte(`"wakesocket"`)) {
			t.Fatalf("%q is mistaken for a command", data)
		}
		if ok && err == nil && (r.Last < 0 || r.Limit < 0 || r.Number < 0 || r.Number == 0 && r.Kind == "history") {
			t.Fatalf("%q is accepted as %+v", data, r)
		}
	})
}

// However a stream of frames is cut, the same frames are counted.
func FuzzFrameCounter(f *testing.F) {
	f.Add([]byte{0x81, 0x84, 1, 2, 3, 4, 'p', 'i', 'n', 'g', 0x8a, 0x80, 0, 0, 0, 0}, 3)
	f.Add([]byte{0x82, 0xfe, 0, 2, 1, 2, 3, 4, 5, 6, 0x89, 0x00}, 1)
	f.Add([]byte{0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 0x00, 0x80}, 2)
	f.Fuzz(func(t *testing.T, stream []byte, cut int) {
		var whole, pieces frameCounter
		want := whole.count(stream)
		got := 0
		for rest := stream; len(rest) > 0; {
			n := min(len(rest), max(1, cut))
			got += pieces.count(rest[:n])
			rest = rest[n:]
		}
		if got != want || pieces != whole {
			t.Fatalf("%d frames in pieces of %d, %d as a whole", got, cut, want)
		}
		if want > len(stream)/2 {
			t.Fatalf("%d frames in %d bytes", want, len(stream))
		}
	})
}

// Whatever is in the log, a frame is one JSON object that holds the same data.
func FuzzEncode(f *testing.F) {
	f.Add("cpu", []byte(`{"load":0.7}`))
	f.Add("\"\\\x00<", []byte("\"\xff\""))
	f.Add("", []byte(`1}`))
	f.Fuzz(func(t *testing.T, topic string, data []byte) {
		e := encode(store.Event{ID: store.ID{Epoch: "e", Major: 7}, Topic: topic, Data: data})
		if e.frame == nil {
			return
		}
		var got struct {
			ID, Topic string
			Data      json.RawMessage
		}
		if err := json.Unmarshal(e.frame, &got); err != nil {
			t.Fatalf("%q: %v", e.frame, err)
		}
		if got.ID != "e-7" || !bytes.Equal(bytes.TrimSpace(data), got.Data) && string(got.Data) != "null" && got.Data != nil {
			t.Fatalf("%q", e.frame)
		}
	})
}
