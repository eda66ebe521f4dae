package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// scripted serves connections on which each message of the client is answered by a
// function, line by line; "close" ends the connection.
func scripted(t *testing.T, limits string, answer func(connection int, message map[string]any) string) (url string, queries chan string) {
	queries = make(chan string, 100)
	var number atomic.Int64
	return handler(t, func(r *http.Request, conn *websocket.Conn) {
		mine := int(number.Add(1))
		queries <- r.URL.RawQuery
		conn.Write(context.Background(), websocket.MessageText, fmt.Appendf(nil, `{"wakesocket":"hello","resumed":%v,"at":"e-5","live":true%s}`, r.URL.Query().Has("after"), limits))
		for {
			_, data, err := conn.Read(context.Background())
			if err != nil {
				return
			}
			if string(data) == wire.Ping {
				conn.Write(context.Background(), websocket.MessageText, []byte(wire.Pong))
				continue
			}
			var message map[string]any
			if err := json.Unmarshal(data, &message); err != nil {
				t.Errorf("%s: %v", data, err)
			}
			for line := range strings.SplitSeq(answer(mine, message), "\n") {
				switch line {
				case "":
				case "close":
					return
				default:
					conn.Write(context.Background(), websocket.MessageText, []byte(line))
				}
			}
		}
	}), queries
}

const answersRequests = `,"limits":{"history":1000}`

// A connection that is lost right after topics were added goes on from where they are
// followed: what comes before must not come again.
func TestResumesWhereTopicsAreFollowed(t *testing.T) {
	url, queries := scripted(t, answersRequests, func(connection int, m map[string]any) string {
		answer := fmt.Sprintf(`{"wakesocket":"followed","n":%v,"at":"e-7"}`, m["n"])
		if connection == 1 {
			answer += "\nclose"
		}
		return answer
	})
	o := quick(Options{URL: url, Topics: []string{"a"}})
	o.MinReconnectDelay, o.FirstRetryWindow = 50*time.Millisecond, 50*time.Millisecond
	r := newRecorder()
	o.OnState = r.options(url).OnState
	c := start(t, o)
	r.until(t, "live", r.live)
	if at, err := c.AddTopics(patient(t), []string{"b"}, AddOptions{}); err != nil || at != "e-7" {
		t.Errorf("%q %v", at, err)
	}
	<-queries
	if again := <-queries; !strings.Contains(again, "after=e-7") {
		t.Errorf("it dials again with %s", again)
	}
}

// What has no answer is asked again over the next connection. Earlier events that came
// already do not come again.
func TestARequestOutlivesItsConnection(t *testing.T) {
	url, _ := scripted(t, answersRequests, func(connection int, m map[string]any) string {
		kind, n := m["wakesocket"], m["n"]
		part := func(more bool, ids ...string) string {
			return fmt.Sprintf(`{"wakesocket":"history","n":%v,"events":[%s],"more":%v,"from":"e-0","complete":true}`, n, strings.Join(ids, ","), more)
		}
		one, two := `{"id":"e-1","topic":"x","data":1}`, `{"id":"e-2","topic":"x","data":2}`
		switch {
		case kind == "add" && connection == 1:
			return part(true, one)
		case kind == "add":
			return part(true, one, two) + "\n" + fmt.Sprintf(`{"wakesocket":"followed","n":%v,"at":"e-7"}`, n)
		case kind == "history" && connection == 1:
			return part(true, one) + "\nclose"
		case kind == "history":
			return part(true, one) + "\n" + part(false, two)
		}
		return ""
	})
	r := newRecorder()
	var got []Event
	o := r.options(url)
	o.Topics, o.MinReconnectDelay, o.FirstRetryWindow = []string{"a"}, 50*time.Millisecond, 50*time.Millisecond
	o.OnEvent = func(_ *Client, e Event) { r.note(func() { got = append(got, e) }) }
	c := start(t, o)
	r.until(t, "live", r.live)
	added := make(chan string, 1)
	go func() {
		at, err := c.AddTopics(patient(t), []string{"x"}, AddOptions{Last: 2})
		added <- fmt.Sprint(at, err)
	}()
	r.until(t, "the first part", func() bool { return len(got) == 1 })
	history := make(chan string, 1)
	go func() {
		h, err := c.History(patient(t), HistoryQuestion{Topic: "x"})
		history <- fmt.Sprintf("%s %s %v %v", texts(h.Events), h.From, h.Complete, err)
	}()
	within(t, "the answers", func() {
		if at := <-added; at != "e-7<nil>" {
			t.Errorf("added: %s", at)
		}
		if h := <-history; h != "+x1 +x2 e-0 true <nil>" {
			t.Errorf("history: %s", h)
		}
	})
	r.until(t, "the second part", func() bool { return len(got) == 2 })
	if texts(got) != "+x1 +x2" {
		t.Errorf("got %s", texts(got))
	}
}

// A topic that the server refuses is not asked for at each dial; an error that passes
// keeps it.
func TestRefusedTopics(t *testing.T) {
	for code, kept := range map[string]string{"topic-forbidden": "a", "log-unavailable": "a x"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			url, _ := scripted(t, answersRequests, func(_ int, m map[string]any) string {
				if m["n"] == nil {
					return "" // the whole list, when it has changed as early as that
				}
				return fmt.Sprintf(`{"wakesocket":"error","code":"%s","message":"no","n":%v}`, code, m["n"])
			})
			r := newRecorder()
			o := r.options(url)
			o.Topics = []string{"a"}
			c := start(t, o)
			r.until(t, "live", r.live)
			_, err := c.AddTopics(patient(t), []string{"x"}, AddOptions{})
			var said *ServerError
			if !errors.As(err, &said) || said.Code != code || len(r.errors) > 0 {
				t.Errorf("%v, and told: %v", err, r.errors)
			}
			if got := strings.Join(c.Topics(), " "); got != kept {
				t.Errorf("topics %q, want %q", got, kept)
			}
			if _, err := c.History(patient(t), HistoryQuestion{Topic: "x"}); !errors.As(err, &said) {
				t.Errorf("history: %v", err)
			}
			if got := strings.Join(c.Topics(), " "); got != kept {
				t.Errorf("a refused history changed the topics to %q", got)
			}
		})
	}
}

// A server that says hello but answers no requests is told the whole list.
func TestServerWithoutRequests(t *testing.T) {
	told := make(chan any, 10)
	url, _ := scripted(t, "", func(_ int, m map[string]any) string {
		told <- m["topics"]
		return ""
	})
	r := newRecorder()
	o := r.options(url)
	o.Topics = []string{"a"}
	c := start(t, o)
	r.until(t, "live", r.live)
	at, err := c.AddTopics(patient(t), []string{"b", "a"}, AddOptions{})
	if got := fmt.Sprint(<-told); err != nil || at != "e-5" || got != "[a b]" {
		t.Errorf("at %q, %v, told %s", at, err, got)
	}
	if _, err := c.RemoveTopics(patient(t), "a"); err != nil || fmt.Sprint(<-told) != "[b]" {
		t.Error(err)
	}
	if _, err := c.AddTopics(patient(t), []string{"c"}, AddOptions{Last: 1}); err != ErrUnsupported {
		t.Error(err)
	}
	if _, err := c.AddTopics(patient(t), []string{"d"}, AddOptions{After: "e-1"}); err != ErrUnsupported {
		t.Error(err)
	}
	if _, err := c.History(patient(t), HistoryQuestion{Topic: "a"}); err != ErrUnsupported {
		t.Error(err)
	}
}

// A plain server learns of topics from its address.
func TestPlainServerIsDialedAgain(t *testing.T) {
	queries := make(chan string, 10)
	url := handler(t, func(r *http.Request, conn *websocket.Conn) {
		queries <- strings.Join(r.URL.Query()["topic"], " ")
		plain(conn, `{"id":"1","data":1}`)
	})
	r := newRecorder()
	o := r.options(url)
	o.Topics = []string{"a"}
	c := start(t, o)
	r.until(t, "live", r.live)
	if _, err := c.AddTopics(patient(t), []string{"b"}, AddOptions{}); err != nil {
		t.Error(err)
	}
	c.SetTopics()
	within(t, "three dials", func() {
		if a, b, c := <-queries, <-queries, <-queries; a != "a" || b != "a b" || c != "" {
			t.Errorf("dials for %q, %q, %q", a, b, c)
		}
	})
	if _, err := c.History(patient(t), HistoryQuestion{Topic: "a"}); err != ErrUnsupported {
		t.Error(err)
	}
}

// A list that is too long for an address comes in the first messages.
func TestLongListOfTopics(t *testing.T) {
	names := make(chan string, 10_000)
	more := make(chan bool, 100)
	url, queries := scripted(t, `,"limits":{"history":1000,"message":2000}`, func(_ int, m map[string]any) string {
		for _, name := range m["topics"].([]any) {
			names <- name.(string)
		}
		more <- m["more"] == true
		return ""
	})
	var want []string
	for n := range 500 {
		want = append(want, fmt.Sprintf("topic.%04d", n))
	}
	o := newRecorder().options(url)
	o.Topics = want
	start(t, o)
	within(t, "the list", func() {
		if query := <-queries; query != "topics=later&wakesocket=1" {
			t.Errorf("dialed with %s", query)
		}
		pieces := 1
		for <-more {
			pieces++
		}
		if pieces < 3 {
			t.Errorf("%d messages of 2000 bytes", pieces)
		}
		for _, name := range want {
			if got := <-names; got != name {
				t.Fatalf("%s, want %s", got, name)
			}
		}
	})
}

func TestRequestsThatCannotBe(t *testing.T) {
	ctx := t.Context()
	r := newRecorder()
	c, err := New(r.options(handler(t, func(_ *http.Request, conn *websocket.Conn) { plain(conn) })))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.History(ctx, HistoryQuestion{Topic: "a"}); err != ErrNotRunning {
		t.Error(err)
	}
	if err := c.Start(ctx); err != nil {
		t.Fatal(err)
	}
	for want, err := range map[string]error{
		`AddTopics: it names no topic`:                  second(c.AddTopics(ctx, nil, AddOptions{})),
		`AddTopics: the name of a topic is empty`:       second(c.AddTopics(ctx, []string{""}, AddOptions{})),
		`AddTopics: "*" is no pattern`:                  second(c.AddTopics(ctx, []string{"*"}, AddOptions{})),
		`AddTopics: Last must not be negative`:          second(c.AddTopics(ctx, []string{"a"}, AddOptions{Last: -1})),
		`AddTopics: Last and After are both given`:      second(c.AddTopics(ctx, []string{"a"}, AddOptions{Last: 1, After: "e-1"})),
		`RemoveTopics: "a.>" is no pattern`:             second(c.RemoveTopics(ctx, "a.>")),
		`follows all topics`:                            second(c.RemoveTopics(ctx, "a")),
		`History: Limit must not be negative`:           second(c.History(ctx, HistoryQuestion{Topic: "a", Limit: -1})),
		`History: the name of a topic is empty`:         second(c.History(ctx, HistoryQuestion{})),
		`native: Options.Topics: "a*" is no pattern; a`: second(New(Options{URL: "ws://a", Topics: []string{"a*"}})),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	ended, cancel := context.WithCancelCause(ctx)
	enough := errors.New("enough")
	cancel(enough)
	c.Close()
	if _, err := c.History(ctx, HistoryQuestion{Topic: "a"}); err != ErrClosed {
		t.Error(err)
	}
	// Nobody answers: the context, or the end of the client, ends the waiting.
	url, _ := scripted(t, answersRequests, func(int, map[string]any) string { return "" })
	c = start(t, newRecorder().options(url))
	if _, err := c.History(ended, HistoryQuestion{Topic: "a"}); err != enough {
		t.Error(err)
	}
	asked := make(chan error, 1)
	go func() { asked <- second(c.AddTopics(ctx, []string{"a"}, AddOptions{})) }()
	c.Close()
	within(t, "the request", func() {
		if err := <-asked; err != ErrClosed {
			t.Error(err)
		}
	})
}

func second[T any](_ T, err error) error { return err }
