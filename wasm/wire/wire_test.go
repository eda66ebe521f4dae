package wire

import (
	"encoding/json"
	"testing"
)

// TestFrames holds the protocol page's examples: whoever changes them breaks
// clients and servers in other languages.
func TestFrames(t *testing.T) {
	for want, frame := range map[string]any{
		`{"wakesocket":"hello","resumed":true,"at":"e-7","live":true,"heartbeat":25000,"spread":1000}`: Hello{
			Kind: KindHello, Resumed: true, Position: "e-7", Live: true, Heartbeat: 25000, FirstRetryWindow: 1000},
		`{"wakesocket":"hello","resumed":false,"gap":{"after":"d-9","earliest":"e-1","reason":"epoch"},"at":"e-0","live":false,"heartbeat":0,"spread":0}`: Hello{
			Kind: KindHello, Gap: &Gap{"d-9", "e-1", GapEpoch}, Position: "e-0"},
		`{"wakesocket":"position","at":"e-7","live":true}`:         Position{KindPosition, "e-7", true},
		`{"wakesocket":"topics","topics":["cpu","mem"]}`:           Topics{KindTopics, []string{"cpu", "mem"}},
		`{"after":"x","earliest":"","reason":"` + GapFuture + `"}`: Gap{"x", "", GapFuture},
	} {
		got, err := json.Marshal(frame)
		if err != nil || string(got) != want {
			t.Errorf("%T is %s, %v; want %s", frame, got, err, want)
		}
	}
}
