package nats

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
)

// answers hands the messages of answers to whoever has asked. All questions share one
// subscription: one for each, as [nats.Conn.SubscribeSync] makes it, takes half a megabyte
// and two more messages to the server.
type answers struct {
	conn  *nats.Conn
	inbox string // subject of answers, without the number of the question

	mu     sync.Mutex
	sub    *nats.Subscription
	closed chan struct{} // with the connection
	asked  uint64
	open   map[uint64]*question
}

func newAnswers(conn *nats.Conn) *answers {
	return &answers{conn: conn, inbox: conn.NewInbox() + ".", closed: make(chan struct{}), open: map[uint64]*question{}}
}

func (a *answers) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sub != nil {
		a.sub.Unsubscribe()
	}
}

// question is one that was asked, with what has come of its answer.
type question struct {
	answers  *answers
	number   uint64
	messages []*nats.Msg
	more     chan struct{}
}

// ask sends a question. It must be ended.
func (a *answers) ask(subject string, data []byte) (*question, error) {
	q, err := a.begin()
	if err == nil {
		err = a.conn.PublishRequest(subject, a.inbox+strconv.FormatUint(q.number, 36), data)
	}
	return q, err
}

func (a *answers) begin() (q *question, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sub == nil {
		if a.sub, err = a.conn.Subscribe(a.inbox+"*", a.receive); err == nil {
			a.sub.SetClosedHandler(func(string) { close(a.closed) })
		}
	}
	a.asked++
	q = &question{answers: a, number: a.asked, more: make(chan struct{}, 1)}
	a.open[q.number] = q
	return q, err
}

func (a *answers) receive(m *nats.Msg) {
	number, err := strconv.ParseUint(strings.TrimPrefix(m.Subject, a.inbox), 36, 64)
	if err != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if q := a.open[number]; q != nil { // else nobody waits for it any more
		q.messages = append(q.messages, m)
		select {
		case q.more <- struct{}{}:
		default:
		}
	}
}

// next is the next message of the answer.
func (q *question) next(ctx context.Context) (*nats.Msg, error) {
	for {
		if m := q.take(); m != nil {
			return m, nil
		}
		select {
		case <-q.more:
		case <-q.answers.closed:
			return nil, nats.ErrConnectionClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (q *question) take() *nats.Msg {
	q.answers.mu.Lock()
	defer q.answers.mu.Unlock()
	if len(q.messages) == 0 {
		return nil
	}
	m := q.messages[0]
	q.messages = q.messages[1:]
	return m
}

// end says that no more of the answer is wanted.
func (q *question) end() {
	q.answers.mu.Lock()
	defer q.answers.mu.Unlock()
	delete(q.answers.open, q.number)
}
