//go:build js && wasm

package bridge

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// encode makes the effects readable for the shim.
func encode(effects []session.Effect) []any {
	if len(effects) == 0 {
		return nil
	}
	out := make([]any, len(effects))
	for i, e := range effects {
		out[i] = object(e)
	}
	return out
}

func object(e session.Effect) map[string]any {
	switch e := e.(type) {
	case session.Dial:
		was := ""
		if e.Was != nil {
			was = wire.Previous{Cause: string(e.Was.Cause), Up: e.Was.Up, Down: e.Was.Down}.String()
		}
		return map[string]any{"type": "dial", "gen": e.Gen, "after": e.After, "fresh": e.Fresh, "attempt": e.Attempt, "was": was}
	case session.Abandon:
		return map[string]any{"type": "abandon", "gen": e.Gen, "code": e.Code, "reason": e.Reason}
	case session.Ping:
		return map[string]any{"type": "ping", "gen": e.Gen}
	case session.Deliver:
		mask := make([]byte, len(e.Mask))
		for i, yes := range e.Mask {
			mask[i] = '0'
			if yes {
				mask[i] = '1'
			}
		}
		return map[string]any{"type": "deliver", "mask": string(mask)}
	case session.Gap:
		return map[string]any{"type": "gap", "after": e.After, "earliest": e.Earliest, "reason": e.Reason}
	case session.State:
		retryAt := -1.0
		if e.RetryAt >= 0 {
			retryAt = milliseconds(e.RetryAt)
		}
		return map[string]any{"type": "state", "state": string(e.Name), "since": milliseconds(e.Since), "attempt": e.Attempt,
			"retryAt": retryAt, "cause": e.Cause, "live": e.Gen}
	case session.RTT:
		return map[string]any{"type": "rtt", "ms": milliseconds(e.Smoothed)}
	}
	panic("an effect that the shim does not know")
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
