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

// mask is a text with a 1 for each true and a 0 for each false: one value for
// JavaScript, whatever the size of a burst.
func mask(values []bool) string {
	text := make([]byte, len(values))
	for i, yes := range values {
		text[i] = '0'
		if yes {
			text[i] = '1'
		}
	}
	return string(text)
}

// previous is the text for the query of the address.
func previous(p *wire.Previous) string {
	if p == nil {
		return ""
	}
	return p.String()
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
