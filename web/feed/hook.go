package feed

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"sync"
)

// hooks runs the functions of the application. Each call has a goroutine of its
// own and is waited for only so long: one that panics, is slow or never returns
// costs the client that it was called for, and nobody else.
type hooks struct {
	options *Options
	slots   slots // calls that have not returned yet
}

// Calls that have not returned, over all clients and of one address. The call of a
// hook that never returns holds its slot for ever, so they must be bounded.
const (
	hookSlots           = 1024
	hookSlotsPerAddress = 256
)

var errHook = errors.New("feed: a hook failed")

// run calls the hook. What fails is logged; the error is errHook then.
func run[T any](ctx context.Context, h *hooks, name string, block netip.Prefix, hook func(context.Context) T) (result T, err error) {
	if !h.slots.take(block) {
		h.options.Logger.Error("too many calls of a hook have not returned; see why it blocks", "hook", name, "address", block.String())
		return result, errHook
	}
	parent := ctx
	ctx, cancel := context.WithTimeoutCause(parent, h.options.HookTimeout,
		fmt.Errorf("feed: %s has taken longer than Options.HookTimeout", name))
	defer cancel()
	type outcome struct {
		result   T
		panicked bool
	}
	done := make(chan outcome, 1)
	go func() {
		o := outcome{panicked: true}
		defer func() {
			if o.panicked {
				h.options.logFailedHook(recover(), "hook", name)
			}
			h.slots.give(block) // before the answer, so that the caller's next call finds the slot free
			done <- o
		}()
		o.result = hook(ctx)
		o.panicked = false
	}()
	select {
	case o := <-done:
		if o.panicked {
			return result, errHook
		}
		return o.result, nil
	case <-ctx.Done():
		if parent.Err() != nil { // the client has left
			return result, errHook
		}
		h.options.Logger.Error("hook does not return; it must be quick, or end with the context of its request",
			"hook", name, "limit", h.options.HookTimeout)
		return result, errHook
	}
}

// logFailedHook logs why a hook did not return: it panicked, or it ended its
// goroutine; nothing was recovered then.
func (o *Options) logFailedHook(recovered any, attributes ...any) {
	if recovered == nil {
		o.Logger.Error("hook ended its goroutine instead of returning; do not call runtime.Goexit, or FailNow of a test, in it", attributes...)
		return
	}
	o.Logger.Error("hook panicked", append(attributes, "panic", recovered, "stack", string(debug.Stack()))...)
}

// slots bounds something that is held, for all and for one address.
type slots struct {
	mu         sync.Mutex
	max        int
	maxPerAddr int
	held       int
	byAddress  map[netip.Prefix]int
}

func newSlots(max, maxPerAddress int) slots {
	return slots{max: max, maxPerAddr: maxPerAddress, byAddress: map[netip.Prefix]int{}}
}

func (s *slots) take(block netip.Prefix) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held >= s.max || s.byAddress[block] >= s.maxPerAddr {
		return false
	}
	s.held++
	s.byAddress[block]++
	return true
}

func (s *slots) give(block netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held--
	if s.byAddress[block]--; s.byAddress[block] == 0 {
		delete(s.byAddress, block)
	}
}
