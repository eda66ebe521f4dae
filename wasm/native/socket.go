package native

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// readLimit is the largest frame that is taken, in bytes, and in parts too.
const readLimit = 64 << 20

// socket is one generation: a goroutine that resolves, dials and reads.
type socket struct {
	client *Client
	gen    int
	ctx    context.Context
	cancel context.CancelFunc
	opened chan struct{} // closed when conn is set
	conn   *websocket.Conn
}

func (c *Client) dial(d session.Dial) *socket {
	k := &socket{client: c, gen: d.Generation, opened: make(chan struct{})}
	// Not the client's own context: it must outlive it for the closing handshake.
	k.ctx, k.cancel = context.WithCancel(context.WithoutCancel(c.ctx))
	go k.run(d)
	return k
}

func (k *socket) run(d session.Dial) {
	address, err := k.client.opt.Resolve(k.ctx, d.Fresh)
	if err == nil {
		address, err = k.client.address(address, d)
	}
	if err != nil {
		k.client.report(fmt.Errorf("native: no url: %w", err))
		k.post(session.URLFailed{Generation: k.gen, Reason: err.Error()})
		return
	}
	k.post(session.URLReady{Generation: k.gen})
	conn, _, err := websocket.Dial(k.ctx, address, k.client.opt.Dial)
	if err != nil {
		k.post(session.Closed{Generation: k.gen, Code: wire.CloseAbnormal, Reason: err.Error()})
		return
	}
	conn.SetReadLimit(readLimit)
	k.conn = conn
	close(k.opened)
	k.post(session.Opened{Generation: k.gen})
	k.post(closed(k.gen, k.read()))
	conn.CloseNow()
}

func (k *socket) read() error {
	var parts wire.Parts
	for {
		kind, data, err := k.conn.Read(k.ctx)
		if err != nil {
			return err
		}
		if kind != websocket.MessageText {
			k.client.report(errors.New("native: a binary frame; events are JSON text"))
			k.post(session.Frame{Generation: k.gen})
			continue
		}
		frame, ok := parts.Join(data)
		if !ok {
			if parts.Len() > readLimit {
				return fmt.Errorf("native: a frame of more than %d bytes", readLimit)
			}
			k.post(session.Frame{Generation: k.gen})
			continue
		}
		a, err := parse(k.gen, frame)
		if err != nil {
			k.client.report(fmt.Errorf("native: %w", err))
		}
		addDigest(&a, frame)
		k.client.arrive(k, a)
	}
}

// closed tells an error of the connection as the close that a browser would see.
func closed(gen int, err error) session.Closed {
	in := session.Closed{Generation: gen, Code: wire.CloseAbnormal}
	var frame websocket.CloseError
	if errors.As(err, &frame) {
		in.Code, in.Reason = int(frame.Code), frame.Reason
	}
	return in
}

func (k *socket) post(in session.Input) { k.client.arrive(k, arrival{Input: in}) }

// arrive is post for a socket: one that was abandoned has nothing more to say.
func (c *Client) arrive(k *socket, a arrival) {
	select {
	case c.inputs <- a:
	case <-k.ctx.Done():
	case <-c.ctx.Done():
	}
}

// ping does not wait: a write on a dead network blocks. Its error is told by read.
func (k *socket) ping() {
	go k.conn.Write(k.ctx, websocket.MessageText, []byte(wire.Ping))
}

// abandon ends the socket without waiting for the other side.
func (k *socket) abandon(code websocket.StatusCode, reason string) {
	select {
	case <-k.opened:
		k.client.closing.Go(func() {
			k.conn.Close(code, reason)
			k.cancel()
		})
	default:
		k.cancel()
	}
}

// address adds to the query what our protocol says there.
func (c *Client) address(given string, d session.Dial) (string, error) {
	u, err := url.Parse(given)
	if err != nil {
		return "", err
	}
	q := u.Query()
	q.Set(wire.QueryVersion, wire.Version)
	if d.After != "" {
		q.Set(wire.QueryAfter, d.After)
	}
	if d.Previous != nil {
		q.Set(wire.QueryPrevious, d.Previous.String())
	}
	if c.opt.ID != "" {
		q.Set(wire.QueryClient, c.opt.ID)
	}
	if len(c.opt.Topics) > 0 {
		q[wire.QueryTopic] = c.opt.Topics
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}
