package native

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/session"
)

func TestGapsIn(t *testing.T) {
	for name, test := range map[string]struct {
		earliest string
		ids      []string
		mask     []bool
		want     int // 0: before the burst
	}{
		"in the middle":              {"5", []string{"1", "2", "5"}, []bool{true, true, true}, 2},
		"second of two":              {"5", []string{"1", "5"}, []bool{true, true}, 1},
		"the first is a repetition":  {"1", []string{"1", "9", "1"}, []bool{false, true, true}, 2},
		"only the first counts":      {"1", []string{"2", "1", "1"}, []bool{true, true, true}, 1},
		"at the beginning":           {"1", []string{"1", "2", "1"}, []bool{true, true, true}, 0},
		"its event was held":         {"7", []string{"8", "9"}, []bool{true, true}, 0},
		"its event is not delivered": {"9", []string{"8", "9"}, []bool{true, false}, 0},
		"no event has an id":         {"", []string{"1", ""}, []bool{true, true}, 0},
	} {
		burst := make([]Event, len(test.ids))
		for i, id := range test.ids {
			burst[i].ID = id
		}
		gap := session.Gap{After: "0", Earliest: test.earliest, Reason: "restarted"}
		want := map[session.Gap]int{}
		if test.want > 0 {
			want[gap] = test.want
		}
		for _, effects := range [][]session.Effect{{gap, session.Deliver{Mask: test.mask}}, {session.Ping{}, session.Deliver{Mask: test.mask}, gap}} {
			if got := gapsIn(effects, burst); !maps.Equal(got, want) {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
	}
	if got := gapsIn([]session.Effect{session.Gap{Earliest: "1"}}, nil); got != nil {
		t.Errorf("without a burst: %v", got)
	}
}

func TestTwoGapsInABurst(t *testing.T) {
	first, second := session.Gap{Earliest: "5"}, session.Gap{Earliest: "9"}
	burst := []Event{{ID: "1"}, {ID: "5"}, {ID: "9"}}
	got := gapsIn([]session.Effect{first, second, session.Deliver{Mask: []bool{true, true, true}}}, burst)
	if want := (map[session.Gap]int{first: 1, second: 2}); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// What came before the server began its ids anew comes before the gap.
func TestGapInTheMiddleOfABurst(t *testing.T) {
	t.Parallel()
	url := handler(t,
		func(_ *http.Request, conn *websocket.Conn) {
			for n := 1; n <= 5; n++ {
				conn.Write(context.Background(), websocket.MessageText, fmt.Appendf(nil, `{"id":%d,"data":"%d"}`, n, n))
			}
			conn.Close(1001, "restart")
		},
		func(_ *http.Request, conn *websocket.Conn) {
			plain(conn, `[{"id":6,"data":"6"},{"id":1,"data":"another"},{"id":7,"data":"7"}]`)
		})
	var told []string
	done := make(chan struct{})
	start(t, Options{URL: url,
		OnEvent: func(_ *Client, e Event) {
			told = append(told, e.ID)
			if len(told) == 9 {
				close(done)
			}
		},
		OnGap: func(_ *Client, g Gap) { told = append(told, "gap to "+g.Earliest) },
	})
	within(t, "the events of both runs", func() { <-done })
	if want := []string{"1", "2", "3", "4", "5", "6", "gap to 1", "1", "7"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
