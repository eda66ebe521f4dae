package feed

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

func FuzzTopicsFrame(f *testing.F) {
	for _, seed := range []string{
		`{"wakesocket":"topics","topics":["cpu","mem"]}`, `{"wakesocket":"topics"}`, `{"wakesocket":"topics","topics":null}`,
		`{"wakesocket":"topics","topics":[""]}`, `{"wakesocket":"topics","topics":"cpu"}`, `{"wakesocket":7}`, `[]`, `null`, `ping`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		set, ok, err := parseTopics(data)
		if ok && err != nil || !ok && set != nil || len(set) > maxTopics {
			t.Fatalf("%v %v %v", set, ok, err)
		}
		for topic := range set {
			if store.CheckTopic(topic) != nil {
				t.Fatalf("topic %q", topic)
			}
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
