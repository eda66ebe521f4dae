//go:build js && wasm

package bridge

import (
	"fmt"
	"time"

	"github.com/hack-pad/safejs"
)

// arguments reads the values of a call in order. The first error sticks, and
// what is read after it is zero.
type arguments struct {
	values []safejs.Value
	at     int
	err    error
}

func (a *arguments) fail(err error) {
	if a.err == nil {
		a.err = fmt.Errorf("client.wasm: %w", err)
	}
}

func (a *arguments) value() safejs.Value {
	if a.at >= len(a.values) {
		return safejs.Undefined()
	}
	a.at++
	return a.values[a.at-1]
}

func read[T any](a *arguments, as func(safejs.Value) (T, error)) (value T) {
	value, err := as(a.value())
	if err != nil {
		a.fail(fmt.Errorf("argument %d: %w", a.at, err))
	}
	return value
}

func (a *arguments) int() int   { return read(a, safejs.Value.Int) }
func (a *arguments) bool() bool { return read(a, safejs.Value.Bool) }

func (a *arguments) string() string {
	return read(a, func(v safejs.Value) (string, error) {
		if v.Type() != safejs.TypeString {
			return "", fmt.Errorf("%v is no string", v.Type())
		}
		return v.String()
	})
}

// duration reads milliseconds.
func (a *arguments) duration() time.Duration {
	return time.Duration(read(a, safejs.Value.Float) * float64(time.Millisecond))
}
