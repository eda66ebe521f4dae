package nats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/internal/batch"
)

// script is a test in the place of JetStream: it gets the messages and answers them.
type script struct {
	t      *testing.T
	server *server.Server
	conn   *nats.Conn
	got    chan *nats.Msg
}

func newScript(t *testing.T) (*script, *sender) {
	srv, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true, MaxPayload: 1000})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	connect := func() *nats.Conn {
		conn, err := nats.Connect("", nats.InProcessServer(srv), nats.ReconnectBufSize(-1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		return conn
	}
	s := &script{t: t, server: srv, conn: connect(), got: make(chan *nats.Msg, 100)}
	sub, err := s.conn.ChanSubscribe("log.>", s.got)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.conn.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sub.Unsubscribe() })
	sender := newSender(connect(), "log", true)
	t.Cleanup(sender.close)
	return s, sender
}

// take returns so many messages.
func (s *script) take(n int) (messages []*nats.Msg) {
	for range n {
		select {
		case m := <-s.got:
			messages = append(messages, m)
		case <-time.After(10 * time.Second):
			s.t.Errorf("%d messages came, %d are missing", len(messages), n-len(messages))
			return messages
		}
	}
	return messages
}

func (s *script) answer(m *nats.Msg, format string, args ...any) {
	if err := m.Respond(fmt.Appendf(nil, format, args...)); err != nil {
		s.t.Error(err)
	}
}

func items(data ...string) (items []*batch.Item) {
	for _, d := range data {
		items = append(items, &batch.Item{Topic: "a", Data: []byte(d)})
	}
	return items
}

func sequences(acks []ack) (numbers []uint64) {
	for _, a := range acks {
		numbers = append(numbers, a.sequence)
	}
	return numbers
}

// Each message has its own ack, in whatever order they come; what comes twice, or for
// no message of the batch, changes nothing.
func TestAcksFindTheirMessages(t *testing.T) {
	t.Parallel()
	script, sender := newScript(t)
	go func() {
		messages := script.take(3)
		slices.Reverse(messages)
		for _, m := range messages[:2] {
			script.answer(m, `{"stream":"log","seq":1%s}`, m.Data)
			script.answer(m, `{"stream":"log","seq":99}`)
		}
		for _, wrong := range []string{"3", "zz", "!", ""} {
			script.conn.Publish(sender.inbox+wrong, []byte(`{"stream":"log","seq":98}`))
		}
		script.answer(messages[2], `{"stream":"log","seq":10}`)
	}()
	acks, ended := sender.send(t.Context(), items("0", "1", "2"))
	if got := sequences(acks); ended != nil || !slices.Equal(got, []uint64{10, 11, 12}) {
		t.Errorf("%v, %v", got, ended)
	}
}

// What one message is answered is the business of that message.
func TestAcksDiffer(t *testing.T) {
	t.Parallel()
	script, sender := newScript(t)
	tests := []struct {
		answer   string // "": the message never leaves
		sequence uint64
		is, not  error
	}{
		{`{"stream":"log","seq":7}`, 7, nil, nil},
		{`{"stream":"log", "seq":8, "duplicate": true}`, 8, nil, nil},
		{`{"stream":"log","seq":9,"duplicate": true}`, 9, nil, nil},
		{`{"stream":"log","domain":"hub","seq":10}`, 10, nil, nil},
		{`{"stream":"log","seq":18446744073709551615}`, 1<<64 - 1, nil, nil},
		{`{"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"}}`, 0, store.ErrNotStored, store.ErrOutcomeUnknown},
		{`{"stream":"log","seq":0}`, 0, store.ErrOutcomeUnknown, store.ErrNotStored},
		{`{"stream":"log","seq":}`, 0, store.ErrOutcomeUnknown, store.ErrNotStored},
		{`{"stream":"log","seq":18446744073709551616}`, 0, store.ErrOutcomeUnknown, store.ErrNotStored},
		{`{"stream":"log","seq":-1}`, 0, store.ErrOutcomeUnknown, store.ErrNotStored},
		{`{}`, 0, store.ErrOutcomeUnknown, store.ErrNotStored},
		{`seven`, 0, store.ErrOutcomeUnknown, store.ErrNotStored},
		{``, 0, store.ErrNotStored, store.ErrOutcomeUnknown},
	}
	var batch []string
	for n, test := range tests {
		if batch = append(batch, fmt.Sprint(n)); test.answer == "" {
			batch[n] = strings.Repeat("x", 1001)
		}
	}
	go func() {
		for n, m := range script.take(len(tests) - 1) {
			script.answer(m, "%s", tests[n].answer)
		}
	}()
	acks, ended := sender.send(t.Context(), items(batch...))
	if ended != nil {
		t.Fatal(ended)
	}
	for n, test := range tests {
		err := error(nil)
		if acks[n].err != nil {
			err = outcome(acks[n].err)
		}
		if acks[n].sequence != test.sequence || !errors.Is(err, test.is) || test.not != nil && errors.Is(err, test.not) {
			t.Errorf("%s: %+v, %v", test.answer, acks[n], err)
		}
		if duplicate := strings.Contains(test.answer, "duplicate"); acks[n].duplicate != duplicate {
			t.Errorf("%s: duplicate is %v", test.answer, acks[n].duplicate)
		}
	}
}

// The headers say which stream is meant, when that is not certain, and the key.
func TestHeaders(t *testing.T) {
	t.Parallel()
	script, sender := newScript(t)
	for _, test := range []struct {
		strict bool
		key    string
		want   nats.Header
	}{
		{false, "", nil},
		{false, "k", nats.Header{"Nats-Msg-Id": {"k"}}},
		{true, "", nats.Header{"Nats-Expected-Stream": {"log"}}},
		{true, "k", nats.Header{"Nats-Msg-Id": {"k"}, "Nats-Expected-Stream": {"log"}}},
	} {
		sender.strict = test.strict
		go func() {
			for _, m := range script.take(1) {
				if fmt.Sprint(m.Header) != fmt.Sprint(test.want) || m.Subject != "log.a%20b" {
					t.Errorf("%v of %s, want %v", m.Header, m.Subject, test.want)
				}
				script.answer(m, `{"stream":"log","seq":1}`)
			}
		}()
		if _, ended := sender.send(t.Context(), []*batch.Item{{Topic: "a b", Key: test.key}}); ended != nil {
			t.Error(ended)
		}
	}
}

// Nobody has the subject: that is an answer.
func TestNoStream(t *testing.T) {
	t.Parallel()
	_, sender := newScript(t)
	sender.stream = "other"
	acks, ended := sender.send(t.Context(), items("1"))
	if err := outcome(acks[0].err); ended != nil || !errors.Is(err, store.ErrNotStored) || !errors.Is(err, jetstream.ErrNoStreamResponse) {
		t.Errorf("%v, %v", err, ended)
	}
}

// An ack that comes too late is for no message of a later batch, and what is over
// leaves nothing behind.
func TestLateAck(t *testing.T) {
	t.Parallel()
	script, sender := newScript(t)
	ctx, cancel := context.WithCancel(t.Context())
	var late []*nats.Msg
	go func() {
		late = script.take(2)
		script.answer(late[0], `{"stream":"log","seq":1}`)
		for sender.open() > 1 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	acks, ended := sender.send(ctx, items("0", "1"))
	if got := sequences(acks); !errors.Is(ended, context.Canceled) || !slices.Equal(got, []uint64{1, 0}) || acks[1].err != nil {
		t.Fatalf("%v, %v", acks, ended)
	}
	if sender.acks != nil {
		t.Errorf("%v is kept", sender.acks)
	}
	go func() {
		messages := script.take(2)
		script.answer(late[1], `{"stream":"log","seq":2}`)
		script.answer(messages[0], `{"stream":"log","seq":3}`)
		script.answer(messages[1], `{"stream":"log","seq":4}`)
	}()
	acks, ended = sender.send(t.Context(), items("2", "3"))
	if got := sequences(acks); ended != nil || !slices.Equal(got, []uint64{3, 4}) {
		t.Errorf("%v, %v", got, ended)
	}
}

// open is how many acks are still to come.
func (s *sender) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left
}

// When the server ends in the middle of a batch, the acks that came count, and nobody
// waits for the others until the time is up. The next batch is certainly not sent.
func TestServerEnds(t *testing.T) {
	t.Parallel()
	script, sender := newScript(t)
	for range cap(sender.status) {
		sender.status <- nats.RECONNECTING // of long ago
	}
	go func() {
		script.answer(script.take(2)[0], `{"stream":"log","seq":1}`)
		for sender.open() > 1 {
			time.Sleep(time.Millisecond)
		}
		script.server.Shutdown()
	}()
	acks, ended := sender.send(t.Context(), items("0", "1"))
	if got := sequences(acks); !errors.Is(ended, nats.ErrDisconnected) || !slices.Equal(got, []uint64{1, 0}) {
		t.Fatalf("%v, %v", acks, ended)
	}
	acks, _ = sender.send(t.Context(), items("2", "3"))
	for _, a := range acks {
		if err := outcome(a.err); a.err == nil || !errors.Is(err, store.ErrNotStored) {
			t.Errorf("%v", a)
		}
	}
}

// A connection that was closed sends nothing.
func TestClosedConnection(t *testing.T) {
	t.Parallel()
	_, sender := newScript(t)
	sender.conn.Close()
	acks, _ := sender.send(t.Context(), items("0", "1"))
	for _, a := range acks {
		if err := outcome(a.err); a.err == nil || !errors.Is(err, store.ErrNotStored) || !errors.Is(err, nats.ErrConnectionClosed) {
			t.Errorf("%v", err)
		}
	}
}

// The connection belongs to the application: Close leaves nothing on it. Its server
// belongs to others too, who may give the subjects to another stream; a directory's does
// not, so that no event there has a header for that.
func TestSenderOfStore(t *testing.T) {
	t.Parallel()
	dir, err := OpenDir(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	s, err := New(dir.conn, Options{Stream: "other"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{dir, s} {
		if _, err := s.Publish(t.Context(), "cpu", []byte("1")); err != nil {
			t.Fatal(err)
		}
	}
	if dir.sender.strict || !s.sender.strict {
		t.Errorf("strict is %v in a directory and %v on a server", dir.sender.strict, s.sender.strict)
	}
	before := dir.conn.NumSubscriptions()
	s.Close()
	if n := dir.conn.NumSubscriptions(); n != before-1 {
		t.Errorf("%d subscriptions, %d before", n, before)
	}
	select {
	case <-s.sender.status: // it is closed
	default:
		t.Error("the status is still told")
	}
}
