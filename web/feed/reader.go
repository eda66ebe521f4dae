package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

const (
	// skipLimit is how many bytes of a message that is too large are read and thrown
	// away before the connection is given up.
	skipLimit = 1 << 20
	// bytesPerToken is how much of a message counts as one message to MessageRate.
	bytesPerToken = 4 << 10
	// internalError is the close code for a bug in the application.
	internalError = websocket.StatusInternalError
)

var (
	errRefused  = errors.New("feed: the client broke a rule")
	errTooLarge = errors.New("feed: the message is too large")
)

// read handles what the client sends, until the connection ends.
func (c *client) read() {
	defer c.feed.gone.Done()
	err := c.receive()
	if c.network.flooded.Load() {
		c.refuse(wire.CloseTryLater, "too many frames")
	}
	c.conn.CloseNow()
	c.end(err)
}

func (c *client) receive() error {
	ctx := context.Background()
	for {
		kind, r, err := c.conn.Reader(ctx)
		if err != nil {
			return err
		}
		data, size, err := c.readMessage(r)
		switch {
		case errors.Is(err, errTooLarge):
			c.reject(wire.ErrorTooLarge, fmt.Sprintf("a message of %d bytes was dropped; at most %d are allowed", size, c.feed.options.MaxMessage))
			c.slowDown(c.feed.options.MaxMessage)
			err = nil
		case err == nil:
			err = c.message(kind, data)
		}
		c.letGo(data)
		if err != nil {
			return err
		}
	}
}

// readMessage reads one message. What is larger than MaxMessage is read to its end
// and dropped, so that a mistake of the page does not cost it the connection. The
// data have to be let go of.
func (c *client) readMessage(r io.Reader) (data []byte, size int, err error) {
	limit := c.feed.options.MaxMessage
	data = *messages.Get().(*[]byte)
	for len(data) <= limit {
		if len(data) == cap(data) && !c.grow(&data) {
			c.letGo(data) // before the close handshake, which may take seconds
			return nil, 0, c.refuse(wire.CloseTryLater, noRoom)
		}
		n, err := r.Read(data[len(data):min(cap(data), limit+1)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, len(data), nil
		}
		if err != nil {
			return data, 0, err
		}
	}
	size = len(data)
	c.letGo(data)
	skipped, err := io.Copy(io.Discard, io.LimitReader(r, skipLimit))
	if err != nil {
		return nil, 0, err
	}
	if skipped == skipLimit {
		return nil, 0, c.refuse(wire.CloseTryLater, "a message is far too large")
	}
	return nil, size + int(skipped), errTooLarge
}

func (c *client) message(kind websocket.MessageType, data []byte) error {
	if kind != websocket.MessageText {
		c.reject(wire.ErrorInvalid, "a binary message was dropped; send text")
		c.slowDown(len(data))
		return nil
	}
	if string(data) == wire.Ping { // counted by the limit of frames
		c.lastPing.Store(monotonicNow())
		c.rtt.Store(int64(roundTrip(c.network.Conn)))
		c.input(func(in *inputs) { in.pongs++ })
		return nil
	}
	if !utf8.Valid(data) { // RFC 6455 section 8.1
		return c.refuse(websocket.StatusInvalidFramePayloadData, "a message is not UTF-8")
	}
	c.slowDown(len(data))
	if !json.Valid(data) {
		c.reject(wire.ErrorInvalid, "a message was dropped; it is neither ping nor JSON")
		return nil
	}
	if r, ok, err := parseCommand(data); err != nil {
		c.rejectCommand(r, wire.ErrorInvalid, err.Error())
		return nil
	} else if ok {
		c.accept(r)
		return nil
	}
	if c.feed.options.OnMessage == nil {
		return nil
	}
	inbox := c.inbox.Load()
	if inbox == nil {
		inbox = newInbox()
		c.inbox.Store(inbox)
	}
	if len(data) <= smallMessage {
		data = bytes.Clone(data) // its buffer is used again
	}
	if !inbox.put(c, data) {
		return errRefused
	}
	return nil
}

// slowDown reads a client that sends faster than MessageRate no faster than that:
// its messages wait in the network, and none is lost. A large message counts as
// several.
func (c *client) slowDown(size int) {
	tokens := min(1+size/bytesPerToken, c.limit.Burst())
	pause := c.limit.ReserveN(time.Now(), tokens).Delay()
	if pause <= 0 {
		return
	}
	if c.slowedAt == 0 || elapsed(c.slowedAt, time.Now()) > time.Second { // tell it once
		c.reject(wire.ErrorRate, fmt.Sprintf("messages come faster than %g a second; they are read more slowly", c.feed.options.MessageRate))
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.network.done:
	}
	c.slowedAt = monotonicNow()
}

// reject tells the client that one of its messages was not accepted.
func (c *client) reject(code, message string) { c.rejectCommand(command{}, code, message) }

// rejectCommand is reject for a message that may have a number.
func (c *client) rejectCommand(r command, code, message string) {
	c.feed.options.Observer.MessageRefused(code)
	c.feed.options.Logger.Debug("message refused", "client", c.name(), "code", code, "message", message)
	if c.plain {
		return
	}
	frame, _ := json.Marshal(wire.Error{Kind: wire.KindError, Code: code, Message: message, Number: r.Number})
	c.sendControl(frame)
}

// controlsMax bounds the control frames that wait for a client; those above it are
// dropped, since a client that causes so many does not read them.
const controlsMax = 64

// sendControl sends a control frame, unless the client does not know any.
func (c *client) sendControl(frame []byte) {
	if c.plain {
		return
	}
	c.input(func(in *inputs) {
		if len(in.controls) < controlsMax {
			in.controls = append(in.controls, frame)
		}
	})
}

// refuse closes the connection for what the client did. Advice keeps a client that
// dials again from doing so at once.
func (c *client) refuse(code websocket.StatusCode, reason string) error {
	c.setCause(causeRefused)
	if code == wire.CloseTryLater {
		reason = wire.Advice(5*time.Second+rand.N(10*time.Second), reason)
	}
	c.conn.Close(code, reason)
	return errRefused
}
