//go:build js && wasm

package bridge

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/hack-pad/safejs"

	"github.com/wakesocket/wakesocket/wasm/session"
)

// arguments reads the values of a call in order. The first error stays, and what
// is read after it is zero.
type arguments struct {
	values []safejs.Value
	next   int
	err    error
}

func (a *arguments) fail(err error) {
	if a.err == nil {
		a.err = errors.New("client.wasm: " + err.Error())
	}
}

func (a *arguments) value() safejs.Value {
	if a.next >= len(a.values) {
		return safejs.Undefined()
	}
	a.next++
	return a.values[a.next-1]
}

func read[T any](a *arguments, as func(safejs.Value) (T, error)) (value T) {
	value, err := as(a.value())
	if err != nil {
		a.fail(errors.New("argument " + strconv.Itoa(a.next) + ": " + err.Error()))
	}
	return value
}

func (a *arguments) int() int   { return read(a, safejs.Value.Int) }
func (a *arguments) bool() bool { return read(a, safejs.Value.Bool) }

func (a *arguments) instant() session.Instant {
	return session.Instant{Mono: a.duration(), Wall: a.duration()}
}

func (a *arguments) text() string {
	return read(a, func(v safejs.Value) (string, error) {
		if v.Type() != safejs.TypeString {
			return "", errors.New("a string is wanted, not " + v.Type().String())
		}
		return v.String()
	})
}

// texts reads a list: its length, and its items in one text, a line each.
func (a *arguments) texts() []string {
	count, text := a.int(), a.text()
	if count == 0 {
		return nil
	}
	list := strings.Split(text, "\n")
	if len(list) != count {
		a.fail(errors.New("argument " + strconv.Itoa(a.next) + ": a list of " + strconv.Itoa(count) + " came as " + strconv.Itoa(len(list)) + " lines"))
	}
	return list
}

// duration reads milliseconds.
func (a *arguments) duration() time.Duration {
	return time.Duration(read(a, safejs.Value.Float) * float64(time.Millisecond))
}

// durations reads a list of whole microseconds, which comes like a list of texts.
func (a *arguments) durations() []time.Duration {
	texts := a.texts()
	list := make([]time.Duration, len(texts))
	for i, text := range texts {
		us, err := strconv.Atoi(text)
		if err != nil {
			a.fail(err)
		}
		list[i] = time.Duration(us) * time.Microsecond
	}
	return list
}

// gap reads the three fields of a gap; none when the first is undefined.
func (a *arguments) gap() *session.Gap {
	if a.value().IsUndefined() {
		return nil
	}
	a.next--
	return &session.Gap{After: a.text(), Earliest: a.text(), Reason: a.text()}
}

// properties reads the properties of an object.
type properties struct {
	object safejs.Value
	args   arguments
}

// get returns the property for reading; nil when it is undefined.
func (p *properties) get(name string) *arguments {
	value, err := p.object.Get(name)
	if err != nil {
		p.args.fail(err)
	}
	if err != nil || value.IsUndefined() {
		return nil
	}
	p.args.values, p.args.next = []safejs.Value{value}, 0
	return &p.args
}
