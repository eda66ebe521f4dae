package nats

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store/internal/batch"
)

// sender sends batches of messages to the stream, one batch at a time, and collects the
// server's acks. It does for a batch what jetstream.PublishMsgAsync does for a message,
// for less, and remembers nothing of acks that do not come.
type sender struct {
	conn   *nats.Conn
	stream string
	strict bool             // somebody else may have given the subjects to another stream
	usual  []byte           // how the ack of a message that was stored begins
	status chan nats.Status // tells of the end of a connection, which takes the acks along
	inbox  string           // subject of acks, without their number

	mu    sync.Mutex
	sub   *nats.Subscription
	first uint64 // number of the batch's first message; numbers are given once
	acks  []ack  // of the batch
	left  int    // acks that are still to come
	done  chan struct{}
}

// ack is what the server says of one message. Its zero value is no answer.
type ack struct {
	sequence  uint64
	duplicate bool
	err       error
}

func newSender(conn *nats.Conn, stream string, strict bool) *sender {
	return &sender{
		conn: conn, stream: stream, strict: strict, usual: fmt.Appendf(nil, `{"stream":%q,"seq":`, stream),
		status: conn.StatusChanged(nats.RECONNECTING, nats.CLOSED), inbox: conn.NewInbox() + ".",
	}
}

func (s *sender) close() {
	s.conn.RemoveStatusListener(s.status)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sub != nil {
		s.sub.Unsubscribe()
	}
}

// send returns an ack for each item. Some have none when the context or the connection
// ends before; then it returns what ended, too.
func (s *sender) send(ctx context.Context, items []*batch.Item) (acks []ack, ended error) {
	done, cannot := s.begin(len(items))
	for n, item := range items {
		err := cannot
		if err == nil {
			err = s.conn.PublishMsg(s.message(n, item))
		}
		if err != nil {
			s.set(s.first+uint64(n), ack{err: notSent{err}})
		}
	}
	select {
	case <-done:
	case <-s.status:
		ended = nats.ErrDisconnected
	case <-ctx.Done():
		ended = ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	acks = s.acks
	s.first += uint64(len(acks))
	s.acks = nil // what comes now is too late
	return acks, ended
}

func (s *sender) begin(messages int) (done chan struct{}, err error) {
	for len(s.status) > 0 {
		<-s.status // that was before
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sub == nil {
		s.sub, err = s.conn.Subscribe(s.inbox+"*", s.receive)
	}
	s.acks, s.left, s.done = make([]ack, messages), messages, make(chan struct{})
	return s.done, err
}

func (s *sender) message(n int, item *batch.Item) *nats.Msg {
	m := &nats.Msg{
		Subject: subject(s.stream, item.Topic),
		Reply:   s.inbox + strconv.FormatUint(s.first+uint64(n), 36),
		Data:    item.Data,
	}
	if s.strict || item.Key != "" {
		m.Header = make(nats.Header, 2)
	}
	if s.strict {
		m.Header[jetstream.ExpectedStreamHeader] = []string{s.stream}
	}
	if item.Key != "" {
		m.Header[jetstream.MsgIDHeader] = []string{item.Key}
	}
	return m
}

func (s *sender) receive(m *nats.Msg) {
	number, err := strconv.ParseUint(strings.TrimPrefix(m.Subject, s.inbox), 36, 64)
	if err == nil {
		s.set(number, s.read(m))
	}
}

func (s *sender) set(number uint64, a ack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := number - s.first; n < uint64(len(s.acks)) && s.acks[n] == (ack{}) {
		s.acks[n] = a
		if s.left--; s.left == 0 {
			close(s.done)
		}
	}
}

// read reads an answer. The usual one is read without the cost of any JSON.
func (s *sender) read(m *nats.Msg) ack {
	if number, ok := bytes.CutPrefix(m.Data, s.usual); ok {
		if number, ok := bytes.CutSuffix(number, []byte("}")); ok {
			if sequence, err := strconv.ParseUint(string(number), 10, 64); err == nil && sequence > 0 {
				return ack{sequence: sequence}
			}
		}
	}
	if len(m.Data) == 0 && m.Header.Get("Status") == "503" {
		return ack{err: jetstream.ErrNoStreamResponse}
	}
	var response struct {
		jetstream.PubAck
		Error *jetstream.APIError `json:"error"`
	}
	switch err := json.Unmarshal(m.Data, &response); {
	case err != nil:
		return ack{err: fmt.Errorf("%w: %q", jetstream.ErrInvalidJSAck, m.Data)}
	case response.Error != nil:
		return ack{err: response.Error}
	case response.Sequence == 0:
		return ack{err: fmt.Errorf("%w: %q", jetstream.ErrInvalidJSAck, m.Data)}
	}
	return ack{sequence: response.Sequence, duplicate: response.Duplicate}
}

// notSent is the error of a message that did not leave the process.
type notSent struct{ error }

func (e notSent) Unwrap() error { return e.error }
