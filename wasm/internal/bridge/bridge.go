//go:build js && wasm

package bridge

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"strconv"
	"time"

	"github.com/hack-pad/safejs"

	"github.com/wakesocket/wakesocket/wasm/session"
)

// Run registers with the shim, which waits as the global "wakesocket" of the
// scope that wasm_exec.js runs in, and serves it for ever.
func Run() error {
	host, err := safejs.Global().Get("wakesocket")
	if err != nil {
		return err
	}
	b := &bridge{sessions: map[int]*entry{}}
	api := map[string]any{"build": build}
	for name, serve := range map[string]func(*arguments) any{"open": b.open, "step": b.step, "drop": b.drop} {
		fn, err := safejs.FuncOf(guarded(serve))
		if err != nil {
			return err
		}
		api[name] = fn
	}
	if _, err := host.Call("ready", api); err != nil {
		return errors.New("client.wasm was loaded by something other than its shim.js: " + err.Error())
	}
	select {}
}

// guarded turns a panic into text for the page: unrecovered, it would end the
// program and leave the page with a connection that nobody looks after.
func guarded(serve func(*arguments) any) func(safejs.Value, []safejs.Value) any {
	return func(_ safejs.Value, values []safejs.Value) (result any) {
		defer func() {
			if cause := recover(); cause != nil {
				result = "client.wasm panicked: " + describe(cause) + "\n" + stack()
			}
		}()
		args := &arguments{values: values}
		result = serve(args)
		if args.err != nil {
			return args.err.Error()
		}
		return result
	}
}

type bridge struct {
	sessions map[int]*entry
	last     int
}

type entry struct {
	session *session.Session
	timer   alarm // the shim's
}

// alarm is when the shim hands in a tick.
type alarm struct {
	at    time.Duration // mono; negative for never
	every time.Duration // between its looks at the clocks until then; 0 for none
}

var unset = alarm{at: -time.Millisecond}

// open makes a session: options → number, or the text of an error.
func (b *bridge) open(args *arguments) any {
	given := properties{object: args.value()}
	opt := readOptions(&given)
	if given.args.err != nil {
		return given.args.err.Error()
	}
	s, err := session.New(opt, rand.Float64)
	if err != nil {
		return err.Error()
	}
	b.last++
	b.sessions[b.last] = &entry{session: s, timer: unset}
	return b.last
}

func (b *bridge) drop(args *arguments) any {
	delete(b.sessions, args.int())
	return safejs.Undefined()
}

// step hands in one input: (session, mono, wall, opcode, …) → effects, or
// undefined when there is nothing to do. A look at the clocks, if there was one
// since the input before, comes first, in the same call: each call costs.
func (b *bridge) step(args *arguments) any {
	e := b.sessions[args.int()]
	now, op := args.instant(), args.int()
	look, looked := now, op == opLooked
	if looked {
		now, op = args.instant(), args.int()
	}
	in := input(op, args)
	if in == nil {
		args.fail(errors.New("unknown opcode " + strconv.Itoa(op) + ": shim.js and client.wasm are of different builds"))
	}
	if e == nil || args.err != nil {
		return safejs.Undefined()
	}
	if looked {
		e.session.Handle(look, session.Looked{})
	}
	if op == opTick {
		e.timer = unset // it has fired
	}
	effects := encode(e.session.Handle(now, in))
	if timer, changed := e.rearm(op == opEvents || op == opFrame); changed {
		effects = append(effects, timer)
	}
	if len(effects) == 0 {
		return safejs.Undefined()
	}
	return effects
}

// rearm moves the shim's timer when what it waits for has changed. After data only
// when it would come too late: each frame pushes the deadline back, and an early
// tick costs less than a timer for each.
func (e *entry) rearm(data bool) (effect map[string]any, changed bool) {
	at, every, ok := e.session.Due()
	if !ok {
		at = unset.at
	}
	next := alarm{at, every}
	later := e.timer.at >= 0 && next.at >= e.timer.at
	if next == e.timer || data && later && next.every == e.timer.every {
		return nil, false
	}
	e.timer = next
	return timer(next.at, next.every), true
}

func stack() string {
	text := make([]byte, 4<<10)
	return string(text[:runtime.Stack(text, false)])
}

// describe returns the text of a panic's value.
func describe(cause any) string {
	switch cause := cause.(type) {
	case error:
		return cause.Error()
	case string:
		return cause
	}
	return "a value that is neither an error nor a text"
}
