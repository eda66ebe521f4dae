package feed

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// Who is refused for a while is told a random time: up to so long, so that those who
// are refused together do not come back together.
func TestHowLongTheRefusedWait(t *testing.T) {
	full := &Feed{options: Options{MaxClients: 1, AcceptRate: 1000}, reserved: 1}
	crowd := &Feed{options: Options{MaxClients: 10, MaxPerAddress: 1, AcceptRate: 1000}}
	crowd.address = map[netip.Prefix]int{block(1): 1}
	fast := serve(t, Options{AcceptRate: 0.001, MaxPerAddress: 1000}).ready()
	fast.knowing("")
	request := httptest.NewRequest("GET", "http://feed/", nil)
	drained := &Feed{options: Options{AcceptRate: 0}, draining: true}
	for name, test := range map[string]struct {
		refuse func() error
		code   websocket.StatusCode
		most   time.Duration
		label  string
	}{
		"full":     {func() error { _, err := full.reserve(block(2)); return err }, wire.CloseTryLater, 30 * time.Second, refusedFull},
		"address":  {func() error { _, err := crowd.reserve(block(1)); return err }, wire.CloseTooMany, 30 * time.Second, refusedAddress},
		"too fast": {func() error { _, err := fast.admit(request, block(3).Addr()); return err }, wire.CloseTryLater, max(5*time.Second, fast.spread()), refusedRate},
		"rights":   {func() error { return full.rightsUnknown() }, wire.CloseTryLater, 5 * time.Second, refusedHook},
		"draining": {func() error { _, err := drained.admit(request, block(3).Addr()); return err }, wire.CloseRestart, shortestReturn, refusedDraining},
	} {
		t.Run(name, func(t *testing.T) {
			var longest time.Duration
			for range 500 {
				refused, ok := test.refuse().(*refusal)
				if !ok || refused.code != test.code || refused.label != test.label {
					t.Fatalf("%+v", refused)
				}
				wait, ok := wire.ParseAdvice(refused.reason)
				if !ok {
					t.Fatalf("no advice in %q", refused.reason)
				}
				longest = max(longest, wait)
			}
			if longest > test.most || longest < test.most*97/100 {
				t.Errorf("the longest of 500 is %v, want up to %v", longest, test.most)
			}
		})
	}
	fast.mu.Lock()
	defer fast.mu.Unlock()
	if fast.reserved != 1 || len(fast.address) != 1 {
		t.Errorf("%d places, %d addresses", fast.reserved, len(fast.address))
	}
}

// A place is taken and given back once, and of addresses without a place nothing is
// remembered.
func TestPlaces(t *testing.T) {
	f := &Feed{options: Options{MaxClients: 3, MaxPerAddress: 2}, address: map[netip.Prefix]int{}}
	var give []func()
	for _, step := range []struct {
		address int
		ok      bool
	}{{1, true}, {1, true}, {1, false}, {2, true}, {2, false}} {
		release, err := f.reserve(block(step.address))
		if (err == nil) != step.ok {
			t.Fatalf("%+v: %v", step, err)
		}
		if err == nil {
			give = append(give, release)
		}
	}
	give[0]()
	give[0]()
	if f.reserved != 2 || f.address[block(1)] != 1 {
		t.Errorf("%d places, %v", f.reserved, f.address)
	}
	give[1]()
	give[2]()
	if f.reserved != 0 || len(f.address) != 0 {
		t.Errorf("%d places, %v", f.reserved, f.address)
	}
	one := &Feed{options: Options{MaxClients: 3, MaxPerAddress: 1}, address: map[netip.Prefix]int{block(1): 1}}
	if _, err := one.reserve(block(1)); err == nil {
		t.Error("a second connection of an address that may have one")
	}
	any := &Feed{options: Options{MaxClients: 3}, address: map[netip.Prefix]int{block(1): 2}}
	if _, err := any.reserve(block(1)); err != nil {
		t.Errorf("without a limit for an address: %v", err)
	}
}

// What goes wrong in Authorize is told to the operator.
func TestRefusedRightsAreLogged(t *testing.T) {
	for line, test := range map[string]struct {
		grant *Grant
		err   error
	}{
		"client forbidden": {nil, ErrForbidden},
		"client refused: its rights are unknown; see why Authorize fails":                   {nil, ErrUnavailable},
		"Authorize returned a grant with an invalid topic":                                  {&Grant{Topics: []string{""}}, nil},
		"Authorize returned a grant whose user is not UTF-8; encode it, for example as hex": {&Grant{User: "\xff"}, nil},
	} {
		s := serve(t, Options{Authorize: func(*http.Request) (*Grant, error) { return test.grant, test.err }}).ready()
		s.dial("").closed()
		if lines := s.log.with(line); len(lines) != 1 {
			t.Errorf("%q is logged %d times", line, len(lines))
		}
	}
}
