package wire

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// vectors reads a file of testdata. A field that the test does not know is an
// error: every word of the vectors is checked.
func vectors[T any](t *testing.T, file string) (v T) {
	t.Helper()
	text, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	d := json.NewDecoder(text)
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return v
}

func TestWords(t *testing.T) {
	type words struct {
		Ping, Pong, Control, Version string
		Query                        struct{ After, Version, Previous, Client, Topic, Topics, Latest, Since, History, Limit, Before string }
		Kinds                        struct{ Server, Client []string }
		Parts                        struct {
			More, Last string
			Size       int
		}
		Causes, GapReasons, ErrorCodes []string
		Every                          struct{ Least, Most int }
	}
	want := vectors[words](t, "words.json")
	got := words{Ping: Ping, Pong: Pong, Control: Control, Version: Version, Causes: Causes, GapReasons: GapReasons, ErrorCodes: ErrorCodes}
	got.Query.After, got.Query.Version, got.Query.Previous, got.Query.Client, got.Query.Topic = QueryAfter, QueryVersion, QueryPrevious, QueryClient, QueryTopic
	got.Query.Topics, got.Query.Latest, got.Query.Since = QueryTopics, QueryLatest, QuerySince
	got.Every.Least, got.Every.Most = LeastEvery, MostEvery
	got.Query.History, got.Query.Limit, got.Query.Before = QueryHistory, QueryLimit, QueryBefore
	got.Kinds.Server = []string{KindHello, KindPosition, KindFresh, KindExpiring, KindError, KindFollowed, KindHistory, KindLatest}
	got.Kinds.Client = []string{KindTopics, KindAdd, KindRemove, KindHistory}
	got.Parts.More, got.Parts.Last, got.Parts.Size = PartMore, PartLast, PartSize
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the constants are %+v; words.json says %+v", got, want)
	}
}

// Each control frame of the vectors is what our types write and read.
func TestControlFrames(t *testing.T) {
	kinds := map[string]any{KindHello: Hello{}, KindPosition: Position{}, KindFresh: Fresh{}, KindExpiring: Expiring{}, KindError: Error{},
		KindFollowed: Followed{}, KindHistory: History[map[string]any]{}, KindLatest: LatestEvents[map[string]any]{}}
	seen := map[string]bool{}
	for _, v := range vectors[[]struct {
		Name, Frame string
		Means       json.RawMessage
	}](t, "frames.json") {
		var means struct{ Type string }
		if err := json.Unmarshal(v.Means, &means); err != nil {
			t.Fatal(err)
		}
		zero, is := kinds[means.Type]
		if !is {
			continue
		}
		seen[means.Type] = true
		frame := reflect.New(reflect.TypeOf(zero))
		d := json.NewDecoder(strings.NewReader(v.Frame))
		d.DisallowUnknownFields()
		if err := d.Decode(frame.Interface()); err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if kind := frame.Elem().Field(0).String(); kind != means.Type {
			t.Errorf("%s: the kind is %q", v.Name, kind)
		}
		got, _ := json.Marshal(frame.Interface())
		want := strings.Replace(string(v.Means), `"type"`, `"wakesocket"`, 1)
		if !sameJSON(t, string(got), want) {
			t.Errorf("%s: means %s, reads as %s", v.Name, want, got)
		}
	}
	if len(seen) != len(kinds) {
		t.Errorf("frames.json has examples of %v only", seen)
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal([]byte(a), &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(b), &y); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}

func TestMessageVectors(t *testing.T) {
	for _, v := range vectors[[]struct {
		Name, Message, Answer, Error string
		Topics                       []string
		Latest                       Latest
		Followed                     *int64
		Page                         bool
	}](t, "messages.json") {
		if v.Followed != nil {
			var frame Add
			if err := json.Unmarshal([]byte(v.Message), &frame); err != nil || frame.Number != *v.Followed || len(frame.Topics) == 0 || !maps.Equal(frame.Latest, v.Latest) {
				t.Errorf("%s: reads as %+v, %v", v.Name, frame, err)
			}
		} else if v.Topics != nil {
			var frame Topics
			if err := json.Unmarshal([]byte(v.Message), &frame); err != nil || frame.Kind != KindTopics || !slices.Equal(frame.Topics, v.Topics) {
				t.Errorf("%s: reads as %+v, %v", v.Name, frame, err)
			}
		}
		if v.Error != "" && !slices.Contains(ErrorCodes, v.Error) {
			t.Errorf("%s: %q is no code of an error", v.Name, v.Error)
		}
		if v.Answer != "" && (v.Message != Ping || v.Answer != Pong) {
			t.Errorf("%s: %q is answered by %q", v.Name, v.Message, v.Answer)
		}
	}
}

// A frame has these keys in this order: the protocol page shows them.
func TestHelloAsWritten(t *testing.T) {
	for want, frame := range map[string]any{
		`{"wakesocket":"hello","resumed":true,"at":"e-7","live":true,"heartbeat":25000,"spread":1000}`: Hello{
			Kind: KindHello, Resumed: true, Position: "e-7", Live: true, Heartbeat: 25000, FirstRetryWindow: 1000},
		`{"wakesocket":"hello","resumed":false,"gap":{"after":"d-9","earliest":"e-1","reason":"epoch"},"at":"e-0","live":false,"heartbeat":0,"spread":0}`: Hello{
			Kind: KindHello, Gap: &Gap{"d-9", "e-1", GapEpoch}, Position: "e-0"},
		`{"wakesocket":"topics","topics":["cpu","mem"]}`: Topics{Kind: KindTopics, Topics: []string{"cpu", "mem"}},
	} {
		got, err := json.Marshal(frame)
		if err != nil || string(got) != want {
			t.Errorf("%T is %s, %v; want %s", frame, got, err, want)
		}
	}
}

func TestPartVectors(t *testing.T) {
	for _, v := range vectors[[]struct {
		Name             string
		Messages, Frames []string
	}](t, "parts.json") {
		var p Parts
		frames := []string{}
		for _, m := range v.Messages {
			if frame, ok := p.Join([]byte(m)); ok {
				frames = append(frames, string(frame))
			}
		}
		if !slices.Equal(frames, v.Frames) {
			t.Errorf("%s: frames %q, want %q", v.Name, frames, v.Frames)
		}
	}
}

func TestQueryVectors(t *testing.T) {
	type previous struct {
		Cause    string
		Up, Down int64
	}
	type meaning struct {
		Control              bool
		After, Client, Since string
		Topics               []string
		Latest               Latest
		Previous             *previous
	}
	for _, v := range vectors[[]struct {
		Name, Query string
		Means       meaning
		Refused     bool // for servers to find out
	}](t, "queries.json") {
		if v.Refused {
			continue
		}
		q, err := url.ParseQuery(v.Query)
		if err != nil {
			t.Fatal(err)
		}
		got := meaning{Control: q.Get(QueryVersion) == Version, After: q.Get(QueryAfter), Client: q.Get(QueryClient), Since: q.Get(QuerySince), Topics: q[QueryTopic]}
		if got.Latest, err = ParseLatest(q[QueryLatest]); err != nil || got.Latest.Check(got.Topics) != nil {
			t.Errorf("%s: %v, %v", v.Name, err, got.Latest.Check(got.Topics))
		}
		if p, ok := ParsePrevious(q.Get(QueryPrevious)); ok {
			got.Previous = &previous{p.Cause, p.Up.Milliseconds(), p.Down.Milliseconds()}
			if p.String() != q.Get(QueryPrevious) {
				t.Errorf("%s: %q is written as %q", v.Name, q.Get(QueryPrevious), p)
			}
		}
		if !reflect.DeepEqual(got, v.Means) {
			t.Errorf("%s: means %+v, want %+v", v.Name, got, v.Means)
		}
	}
}

func TestPreviousVectors(t *testing.T) {
	for _, v := range vectors[[]struct {
		Text, Cause string
		Up, Down    int64
		Invalid     bool
	}](t, "previous.json") {
		want := Previous{v.Cause, time.Duration(v.Up) * time.Millisecond, time.Duration(v.Down) * time.Millisecond}
		if got, ok := ParsePrevious(v.Text); ok == v.Invalid || got != want {
			t.Errorf("ParsePrevious(%q) is %+v, %v; want %+v, %v", v.Text, got, ok, want, !v.Invalid)
		}
	}
}

func TestCloseVectors(t *testing.T) {
	v := vectors[struct {
		Codes []struct {
			Code      int
			Name      string
			Permanent bool
		}
		MaxAdvice int64
		Advice    []struct {
			Reason string
			MS     *int64
		}
	}](t, "close.json")
	named := map[int]string{}
	for _, c := range v.Codes {
		if c.Name != "" {
			named[c.Code] = c.Name
		}
		if got := Permanent(c.Code); got != c.Permanent {
			t.Errorf("Permanent(%d) is %v", c.Code, got)
		}
	}
	want := map[int]string{CloseNormal: "normal", CloseGoingAway: "going away", CloseProtocolError: "protocol error", CloseUnsupported: "unsupported data",
		CloseAbnormal: "abnormal", CloseInvalidText: "invalid text", ClosePolicy: "policy", CloseTooBig: "message too big",
		CloseExtension: "extension missing", CloseInternal: "internal error", CloseRestart: "restart", CloseTryLater: "try again later",
		CloseAbandoned: "abandoned", CloseUnauthorized: "unauthorized", CloseForbidden: "forbidden", CloseTooMany: "too many connections"}
	if !reflect.DeepEqual(named, want) {
		t.Errorf("the close codes are %v; close.json says %v", want, named)
	}
	if v.MaxAdvice != MaxAdvice.Milliseconds() {
		t.Errorf("MaxAdvice is %v; close.json says %d ms", MaxAdvice, v.MaxAdvice)
	}
	for _, a := range v.Advice {
		after, ok := ParseAdvice(a.Reason)
		switch {
		case a.MS == nil && (ok || after != 0):
			t.Errorf("ParseAdvice(%q) is %v, %v; want none", a.Reason, after, ok)
		case a.MS != nil && (!ok || after.Milliseconds() != *a.MS):
			t.Errorf("ParseAdvice(%q) is %v, %v; want %d ms", a.Reason, after, ok, *a.MS)
		}
	}
}
