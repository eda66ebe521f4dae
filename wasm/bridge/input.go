//go:build js && wasm

package bridge

import (
	"fmt"
	"strings"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// Operations of step; shim/boundary.js holds the same numbers.
const (
	opTick = iota
	opStart
	opStop
	opReconnect
	opURLReady
	opURLFailed
	opOpened
	opClosed
	opHello
	opAt
	opEvents
	opFrame
	opPong
	opWake
	opVisible
	opOnline
)

func input(op int, args *arguments) session.Input {
	switch op {
	case opTick:
		return session.Tick{}
	case opStart:
		return session.Start{}
	case opStop:
		return session.Stop{}
	case opReconnect:
		return session.Reconnect{}
	case opURLReady:
		return session.URLReady{Gen: args.int()}
	case opURLFailed:
		return session.URLFailed{Gen: args.int(), Err: args.string()}
	case opOpened:
		return session.Opened{Gen: args.int()}
	case opClosed:
		in := session.Closed{Gen: args.int(), Code: args.int(), Reason: args.string(), RetryAfter: -1}
		if advice, ok := wire.ParseAdvice(in.Reason); ok {
			in.RetryAfter = advice
		}
		return in
	case opHello:
		return hello(args)
	case opAt:
		return session.At{Gen: args.int(), At: args.string(), Live: args.bool()}
	case opEvents:
		gen, count := args.int(), args.int()
		ids := strings.Split(args.string(), "\n")
		if len(ids) != count {
			args.fail(fmt.Errorf("%d events came with %d ids", count, len(ids)))
		}
		return session.Events{Gen: gen, IDs: ids}
	case opFrame:
		return session.Frame{Gen: args.int()}
	case opPong:
		return session.Pong{Gen: args.int()}
	case opWake:
		if args.string() == "network" {
			return session.Network{}
		}
		return session.Wake{}
	case opVisible:
		return session.Visible{On: args.bool()}
	case opOnline:
		return session.Online{On: args.bool()}
	}
	args.fail(fmt.Errorf("unknown operation %d: shim.js and client.wasm are of different builds", op))
	return nil
}

func hello(args *arguments) session.Hello {
	in := session.Hello{
		Gen: args.int(), Resumed: args.bool(), At: args.string(), Live: args.bool(),
		Beat: args.duration(), Spread: args.duration(),
	}
	if after := args.value(); !after.IsUndefined() {
		args.at--
		in.Gap = &session.Gap{After: args.string(), Earliest: args.string(), Reason: args.string()}
	}
	return in
}
