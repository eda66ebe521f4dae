package feed

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// Options of a feed. The zero value serves a log in memory to pages of the same
// origin. A zero field has its default.
type Options struct {
	// Store is the event log. The feed does not close it. Defaults to one in memory
	// that keeps 4096 events.
	Store store.Store

	// Heartbeat is the time between pings that clients are asked for. Defaults to
	// 25 s.
	Heartbeat time.Duration
	// Silence drops a client that has sent nothing for so long, which must be longer
	// than a heartbeat; negative never does. Defaults to 2.5 heartbeats.
	Silence time.Duration
	// WriteTimeout drops a client that takes less than 64 KiB in so long while there
	// is more for it. Defaults to 30 s.
	WriteTimeout time.Duration
	// Fresh declares how old the newest event of a topic may be before pages show
	// it as stale. A key may be a pattern, such as "price.*". [Feed.SetFresh] changes
	// it. Defaults to none: pages know only what they declare themselves.
	Fresh map[string]time.Duration

	// OriginPatterns are the pages that may connect besides those of the feed's own
	// host: patterns of [path.Match] for a host ("*.example.com"), or for scheme and
	// host ("https://*.example.com", "capacitor://localhost"); "null" for sandboxed
	// pages, "file://" for local ones, "*" for all. A client that sends no Origin is
	// not a browser and passes. A pattern that can never match makes New fail.
	// Defaults to none.
	OriginPatterns []string
	// Subprotocols are those that a client may offer; the first that it offers is
	// chosen. Defaults to "wakesocket", or else the first one offered, since
	// browsers end a connection when none is chosen.
	Subprotocols []string
	// Authorize decides who may connect and what for; a nil grant allows everything.
	// An error refuses the client: [ErrUnauthorized] with 4401, [ErrUnavailable] and
	// errors of the context with 1013, any other with 4403. The context of the
	// request ends after HookTimeout. Defaults to letting everybody in.
	Authorize func(*http.Request) (*Grant, error)
	// Topics returns which topics a client may read, of those that its grant allows.
	// The answer is asked once for each topic and connection, for live and replayed
	// events alike; a nil answer allows all. It may be slow, up to HookTimeout, and
	// must not call the feed. The context of the request ends when the client has
	// left. Defaults to what the grant allows.
	Topics func(*http.Request) func(topic string) bool
	// OnMessage gets what clients send, other than pings and control frames. Calls
	// for one client come in order, and data are the callee's to keep. While it is
	// slow the client is read no further; after HookTimeout the client is closed.
	// Defaults to dropping what clients send.
	OnMessage func(client Client, data []byte)
	// HookTimeout bounds one call of Authorize, Topics or OnMessage. Defaults to 10 s.
	HookTimeout time.Duration

	// Logger gets one line for each client that is lost, and what the operator
	// should change. Defaults to [slog.Default].
	Logger *slog.Logger
	// Process is what [Feed.Debug] calls this process, among all that share the store.
	// Defaults to the name of the host and the number of the process.
	Process string
	// Observer counts what the feed does, see package metrics. Defaults to
	// [NoObserver].
	Observer Observer

	// Ring is how many of the newest events stay in memory, encoded; 2^28 at most.
	// Defaults to 4096.
	Ring int
	// RingBytes bounds the size of the events in memory. Once a client has asked for
	// newest events only, those of each topic are kept beside the ring, within the same
	// bound again. Defaults to 64 MiB.
	RingBytes int
	// BufferBytes bounds the memory for replays and slow clients, over all clients:
	// pages read from the store, frames being written, long events that left the ring
	// while clients are still being sent them, and messages of clients that are longer
	// than 4 KiB. When it is used up, events go out one by one instead of in arrays,
	// the client is dropped whose connection has been stuck, or whose message has been
	// unfinished, for the longest time, and a client that sends a long message while
	// there is none such is closed with 1013. Defaults to 256 MiB.
	BufferBytes int
	// MaxEvent is the largest event that Publish accepts, in bytes. Defaults to 1 MiB.
	MaxEvent int

	// MaxClients bounds the connections; others are refused for a while with 1013.
	// Defaults to 100,000.
	MaxClients int
	// MaxPerAddress bounds the connections of one IPv4 address or IPv6 /64; others
	// are refused with 4429. Defaults to no limit, since all clients of a proxy that
	// TrustedProxies does not name have one address.
	MaxPerAddress int
	// TrustedProxies are the peers whose X-Forwarded-For, Forwarded or X-Real-IP is
	// believed, and whose X-Forwarded-Host counts as the feed's own host. With any
	// of them, a peer on a unix socket is believed too. Defaults to none.
	TrustedProxies []netip.Prefix
	// AddressHeader is the one header that the proxies write the client's address
	// into. Defaults to whichever of the three there is; when they contradict each
	// other, none is believed.
	AddressHeader string
	// AcceptRate is how many clients a second are let in, with a burst of as many;
	// others are refused with 1013, those of busy addresses first. It is also the
	// rate at which clients are asked to come back after a loss. Negative is no
	// limit. Defaults to 500.
	AcceptRate float64
	// MessageRate is how many messages a second one client may send, with a burst
	// of twice as many. A faster client is read no faster; one that floods the feed
	// with frames of any kind, at ten times the rate, is closed with 1013. Defaults
	// to 50.
	MessageRate float64
	// MaxMessage is the largest message that a client may send, in bytes; a larger
	// one is dropped and the client is told. Defaults to 64 KiB.
	MaxMessage int
	// MaxTopics is how many topics and patterns one client may ask for. Defaults to
	// 4096.
	MaxTopics int
	// StoreTimeout bounds one read of the store. Defaults to 5 s.
	StoreTimeout time.Duration
}

// Limits that nobody needs to choose.
const (
	maxClientID = 64 // bytes of ?client
	maxSpread   = time.Minute
	maxRate     = 1e9     // a second; NaN is not below it
	maxRing     = 1 << 28 // events
)

func (o Options) withDefaults() (Options, error) {
	if err := o.check(); err != nil {
		return o, err
	}
	if o.Store == nil {
		o.Store = memory.New(memory.Options{})
	}
	o.Store = shieldedStore{o.Store}
	o.Heartbeat = cmp.Or(o.Heartbeat, 25*time.Second)
	o.Silence = cmp.Or(o.Silence, o.Heartbeat*5/2)
	if o.Silence > 0 && o.Silence <= o.Heartbeat {
		return o, fmt.Errorf("feed: Options.Silence is %v, but clients ping every %v; make it longer than Heartbeat", o.Silence, o.Heartbeat)
	}
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 30*time.Second)
	o.HookTimeout = cmp.Or(o.HookTimeout, 10*time.Second)
	o.Ring = cmp.Or(o.Ring, 4096)
	o.RingBytes = cmp.Or(o.RingBytes, 64<<20)
	o.BufferBytes = cmp.Or(o.BufferBytes, 256<<20)
	o.MaxEvent = cmp.Or(o.MaxEvent, 1<<20)
	o.MaxClients = cmp.Or(o.MaxClients, 100_000)
	o.AcceptRate = cmp.Or(o.AcceptRate, 500)
	o.MessageRate = cmp.Or(o.MessageRate, 50)
	o.MaxMessage = cmp.Or(o.MaxMessage, 64<<10)
	o.MaxTopics = cmp.Or(o.MaxTopics, 4096)
	o.StoreTimeout = cmp.Or(o.StoreTimeout, 5*time.Second)
	o.Process = cmp.Or(o.Process, processName())
	o.Logger = cmp.Or(o.Logger, slog.Default())
	o.Logger = slog.New(shieldedHandler{o.Logger.Handler()})
	if o.Observer == nil {
		o.Observer = NoObserver{}
	}
	o.Observer = shieldedObserver{o.Observer, o.Logger}
	return o, nil
}

func (o Options) check() error {
	for _, field := range []struct {
		name     string
		negative bool
	}{
		{"Heartbeat", o.Heartbeat < 0}, {"WriteTimeout", o.WriteTimeout < 0}, {"HookTimeout", o.HookTimeout < 0},
		{"Ring", o.Ring < 0}, {"RingBytes", o.RingBytes < 0}, {"BufferBytes", o.BufferBytes < 0}, {"MaxEvent", o.MaxEvent < 0},
		{"MaxClients", o.MaxClients < 0}, {"MaxPerAddress", o.MaxPerAddress < 0}, {"MessageRate", o.MessageRate < 0},
		{"MaxMessage", o.MaxMessage < 0}, {"MaxTopics", o.MaxTopics < 0}, {"StoreTimeout", o.StoreTimeout < 0},
	} {
		if field.negative {
			return fmt.Errorf("feed: Options.%s is negative; use 0 for its default", field.name)
		}
	}
	if err := o.checkUnits(); err != nil {
		return err
	}
	known := func(header string) bool { return strings.EqualFold(header, o.AddressHeader) }
	if o.AddressHeader != "" && !slices.ContainsFunc(addressHeaders, known) {
		return fmt.Errorf("feed: Options.AddressHeader is %q; use one of %s", o.AddressHeader, strings.Join(addressHeaders, ", "))
	}
	for _, name := range o.Subprotocols {
		if name == "" || strings.ContainsAny(name, ", \t") {
			return fmt.Errorf("feed: Options.Subprotocols: %q is not the name of a subprotocol", name)
		}
	}
	if err := checkFresh(o.Fresh); err != nil {
		return errors.Join(errors.New("feed: Options.Fresh"), err)
	}
	_, err := parseOriginPatterns(o.OriginPatterns)
	return err
}

// checkUnits refuses numbers that nobody means: a time without its unit, in which
// no client can live, a rate that is no number, and a ring that no memory holds.
func (o Options) checkUnits() error {
	for _, field := range []struct {
		name  string
		value time.Duration
	}{
		{"Heartbeat", o.Heartbeat}, {"Silence", o.Silence}, {"WriteTimeout", o.WriteTimeout}, {"HookTimeout", o.HookTimeout},
		{"StoreTimeout", o.StoreTimeout},
	} {
		if field.value > 0 && field.value < time.Millisecond {
			return fmt.Errorf("feed: Options.%s is %v; write it with a unit, like %d*time.Second", field.name, field.value, field.value)
		}
	}
	switch {
	case !(o.AcceptRate <= maxRate):
		return fmt.Errorf("feed: Options.AcceptRate is %v; use %v at most, or -1 for no limit", o.AcceptRate, maxRate)
	case !(o.MessageRate <= maxRate):
		return fmt.Errorf("feed: Options.MessageRate is %v; use %v at most, which is no limit", o.MessageRate, maxRate)
	case o.Ring > maxRing:
		return fmt.Errorf("feed: Options.Ring is %d; use %d at most", o.Ring, maxRing)
	}
	return nil
}
