package native

import (
	"errors"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// The session knows close codes and not HTTP, so the answers to a dial become the
// close codes with the same meaning:
//
//	401                 4401: ask for new credentials and dial again at once
//	401 after that      1013: back off, and ask again
//	403, 404 and so on  1006: back off; 4403: fail, after Options.MaxRefusals in a row
//	Retry-After         1013 with advice
//	all else            1006: back off

// dialFailed reports a dial that failed.
func (k *socket) dialFailed(e *DialError) {
	if k.ctx.Err() != nil {
		return // abandoned
	}
	in := session.Closed{Generation: k.generation, Code: wire.CloseAbnormal}
	refused := e.refuses()
	switch {
	case errors.Is(e, ErrUnauthorized) && !k.loop.refreshable:
		refused = true
	case errors.Is(e, ErrUnauthorized) && k.fresh:
		in.Code = wire.CloseTryLater
	case errors.Is(e, ErrUnauthorized):
		in.Code = wire.CloseUnauthorized
	}
	if e.RetryAfter >= 0 && in.Code != wire.CloseUnauthorized {
		in.Code, in.Reason = wire.CloseTryLater, wire.Advice(e.RetryAfter, "")
	}
	var a arrival
	a.also = func(l *loop) {
		l.failure = e
		l.report(e)
	}
	if refused {
		in = k.refuse(in)
	}
	a.Input = in
	k.arrive(a)
}

// refuse counts an answer like 403 and makes the last of them final.
func (k *socket) refuse(in session.Closed) session.Closed {
	if k.loop.refusals.Add(1) >= int64(k.loop.options.MaxRefusals) {
		in.Code, in.Reason = wire.CloseForbidden, ""
	}
	return in
}

// closed reports the end of a connection as the close that a browser would see. Up
// is from its opening to its last frame.
func (k *socket) closed(err error, up time.Duration) {
	if k.ctx.Err() != nil {
		return // abandoned
	}
	in := session.Closed{Generation: k.generation, Code: wire.CloseAbnormal}
	var frame websocket.CloseError
	if !errors.As(err, &frame) {
		k.post(in, nil)
		return
	}
	in.Code, in.Reason = int(frame.Code), frame.Reason
	failure := &CloseError{Code: in.Code, Reason: in.Reason}
	// A token that is refused soon after it was renewed may be right later: another
	// server may not know it yet.
	if in.Code == wire.CloseUnauthorized && k.fresh && up < k.loop.options.session().MinUptime {
		in.Code = wire.CloseTryLater
	}
	k.post(in, func(l *loop) {
		if failure.Code == wire.CloseUnauthorized || wire.Permanent(failure.Code) {
			l.failure = failure
			l.report(failure)
		}
	})
}
