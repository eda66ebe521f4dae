package native

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// splitSlowly is what splitObject does, by encoding/json.
func splitSlowly(text []byte) (f fields, ok bool) {
	var all map[string]json.RawMessage
	if json.Unmarshal(text, &all) != nil || all == nil {
		return f, false
	}
	return fields{all["wakesocket"], all["at"], all["id"], all["topic"], all["time"], all["data"], all["skipped"], all["count"]}, true
}

// FuzzFields compares our reader with that of encoding/json.
func FuzzFields(f *testing.F) {
	for _, text := range []string{
		`{}`, ` { } `, `{"id":"e-1","topic":"cpu","data":{"a":[1,{"b":"}]"}]},"time":5}`, `{"ID":1,"\u0069d":2}`, `{"id":1,"id":"\"\\"}`,
		` { "id" : 1.5e3 , "data" : [ ] , "at":null,"wakesocket":true}`, `[1,"a,]",{"id":[2]},[],{}]`, `[]`, `[ ]`, `null`, `7`, `"{"`,
		`{"data":"\\\""}`, "{\"\xff\":1,\"id\":\"\xff\"}", `{"time":1}`, ``, `{"a":1,"data":-0}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			return
		}
		got, ok := splitObject(text)
		if want, is := splitSlowly(text); ok != is || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is split into %q, %v; want %q, %v", text, got, ok, want, is)
		}
		var want []json.RawMessage
		if text = []byte(strings.TrimLeft(string(text), " \t\r\n")); text[0] == '[' && json.Unmarshal(text, &want) == nil {
			if got := splitArray(text); len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Fatalf("%q is split into %q, want %q", text, got, want)
			}
		}
		var wanted string
		if isText := json.Unmarshal(text, &wanted) == nil && text[0] == '"'; isText {
			if got, ok := unquote([]byte(strings.TrimRight(string(text), " \t\r\n"))); got != wanted || !ok {
				t.Fatalf("%q is %q, want %q", text, got, wanted)
			}
		}
	})
}

func TestUnquote(t *testing.T) {
	for value, want := range map[string]string{`"a"`: "a", `""`: "", `"\u00fc\n"`: "ü\n", "\"\xff\"": "\ufffd", `1`: "", `null`: "", ``: "", `{"a":"b"}`: ""} {
		got, ok := unquote([]byte(value))
		if got != want || ok != strings.HasPrefix(value, `"`) {
			t.Errorf("%s: %q, %v", value, got, ok)
		}
	}
}

// BenchmarkParse is one frame with one event.
func BenchmarkParse(b *testing.B) {
	frame := []byte(`{"id":"f3a9c1-1234567-8765432","topic":"cpu","time":1790000000000,"data":{"n":1234567,"text":"` + strings.Repeat("0", 80) + `"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if a, err := parse(1, frame, time.Time{}); err != nil || len(a.events) != 1 {
			b.Fatal(err)
		}
	}
}
