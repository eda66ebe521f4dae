package feed

import (
	"context"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// readVectors reads a file of the vectors of package wire.
func readVectors(t *testing.T, file string, to any) {
	t.Helper()
	text, err := os.ReadFile("../../wasm/wire/testdata/" + file)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestQueryVectors(t *testing.T) {
	var vectors []struct {
		Name, Query string
		Refused     bool
		Means       struct {
			Control              bool
			After, Client, Since string
			Topics               []string
			Latest               wire.Latest
			Previous             *struct {
				Cause    string
				Up, Down int64
			}
		}
	}
	readVectors(t, "queries.json", &vectors)
	f := serve(t, Options{})
	for _, v := range vectors {
		got, err := f.parseQuery(v.Query)
		if (err != nil) != v.Refused {
			t.Errorf("%s: the error is %v", v.Name, err)
		}
		if err != nil {
			if ce := f.dial(v.Query).closed(); ce.Code != wire.ClosePolicy || ce.Reason == "" {
				t.Errorf("%s: closed with %v", v.Name, ce)
			}
			continue
		}
		want := query{client: v.Means.Client, after: v.Means.After, topics: v.Means.Topics, plain: !v.Means.Control, latest: v.Means.Latest, had: v.Means.Since}
		if p := v.Means.Previous; p != nil {
			want.previous = &wire.Previous{Cause: p.Cause, Up: time.Duration(p.Up) * time.Millisecond, Down: time.Duration(p.Down) * time.Millisecond}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: reads as %+v, want %+v", v.Name, got, want)
		}
	}
}

func TestMessageVectors(t *testing.T) {
	var vectors []struct {
		Name, Message, Answer, Error string
		Topics                       []string
		Followed                     int64
		Page                         bool
	}
	readVectors(t, "messages.json", &vectors)
	received := make(chan string, len(vectors))
	s := serve(t, Options{OnMessage: func(_ Client, data []byte) { received <- string(data) }}).ready()
	for _, v := range vectors {
		p := s.knowing("", "topic=first")
		p.send(v.Message)
		if v.Page {
			select {
			case got := <-received:
				if got != v.Message {
					t.Errorf("%s: the hook got %s", v.Name, got)
				}
			case <-time.After(patience):
				t.Errorf("%s: the hook got nothing", v.Name)
			}
		}
		switch {
		case v.Answer != "":
			if frame := p.text(); frame != v.Answer {
				t.Errorf("%s: the answer is %s, want %s", v.Name, frame, v.Answer)
			}
		case v.Followed != 0:
			var frame wire.Followed
			if text := p.text(); json.Unmarshal([]byte(text), &frame) != nil || frame.Kind != wire.KindFollowed || frame.Number != v.Followed || frame.Position == "" {
				t.Errorf("%s: the answer is %s", v.Name, text)
			}
		case v.Error != "":
			var frame wire.Error
			if text := p.text(); json.Unmarshal([]byte(text), &frame) != nil || frame.Kind != wire.KindError || frame.Code != v.Error || frame.Message == "" {
				t.Errorf("%s: the answer is %s, want an error with %q", v.Name, text, v.Error)
			}
		}
		// Messages are read in order: after the pong the topics are in force.
		p.send(wire.Ping)
		if frame := p.text(); frame != wire.Pong {
			t.Errorf("%s: %s came before the pong", v.Name, frame)
		}
		names := v.Topics
		if names == nil {
			names = []string{"first"}
		}
		var want, got []string
		for _, topic := range []string{"other", "price.gold", "cpu", "first", "price", "cpu", "price.gold", "other", "first"} {
			s.publish(topic, 1, 1)
			if len(names) == 0 || slices.ContainsFunc(names, func(name string) bool { return wire.MatchTopic(name, topic) }) {
				want = append(want, topic)
			}
		}
		p.readEvents(len(want))
		for _, e := range p.events {
			got = append(got, e.Topic)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: events of the topics %q came, want %q", v.Name, got, want)
		}
		p.conn.CloseNow()
	}
	if len(received) > 0 {
		t.Errorf("the hook also got %s", <-received)
	}
}

// text reads one message.
func (p *peer) text() string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, data, err := p.conn.Read(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}
