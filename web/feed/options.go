package feed

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// Options of a feed. The zero value serves an in-memory log to pages of the same
// origin.
type Options struct {
	// Store is the event log; nil is one in memory that keeps 4096 events. The feed
	// does not close it.
	Store store.Store

	// Heartbeat is the time between pings that clients are asked for; 25 s when 0.
	Heartbeat time.Duration
	// Silence drops a client that has sent nothing for so long; 2.5 heartbeats
	// when 0, negative to wait for ever.
	Silence time.Duration
	// WriteTimeout drops a client that takes less than 64 KiB in so long while there
	// is more for it; 30 s when 0.
	WriteTimeout time.Duration

	// OriginPatterns are the hosts whose pages may connect besides the feed's own:
	// [path.Match] patterns for a host ("*.example.com"), or for scheme and host
	// when they hold "://". Clients that send no Origin are not browsers and pass.
	OriginPatterns []string
	// Authorize refuses a client by an error: [ErrUnauthorized] closes with 4401, any
	// other with 4403. It runs in the request's goroutine; nil lets everybody in.
	Authorize func(*http.Request) error
	// Topics returns which topics a client may read. The answer is asked for each
	// topic once a connection, for live and replayed events alike; nil, or a nil
	// answer, allows all. The function must be quick and must not call the feed.
	Topics func(*http.Request) func(topic string) bool
	// OnMessage gets what clients send, other than pings and control frames. Calls
	// for one client come in order; the data are the callee's to keep.
	OnMessage func(client Client, data []byte)

	// Logger gets one line for each client that is lost; [slog.Default] when nil.
	Logger *slog.Logger

	// Observer counts what the feed does, see package metrics. Defaults to
	// [NoObserver].
	Observer Observer

	// Ring is how many of the newest events stay in memory, encoded; 4096 when 0. RingBytes
	// bounds their size; 64 MiB when 0.
	Ring, RingBytes int
	// MaxEvent is the largest event that Publish takes, in bytes; 1 MiB when 0.
	MaxEvent int

	// MaxClients bounds the connections; 100,000 when 0. Others are sent away for a
	// while with 1013.
	MaxClients int
	// MaxPerAddress bounds the connections of one IPv4 address or IPv6 /64, with
	// 4429; no limit when 0, since behind a proxy that TrustedProxies does not name
	// all clients have one address.
	MaxPerAddress int
	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// AcceptRate is how many clients a second are let in, with a burst of as many;
	// 500 when 0, negative for no limit. Others are sent away with 1013. It is also
	// the rate at which clients are asked to come back after a loss (spread).
	AcceptRate float64
	// MessageRate is how many frames a second one client may send, with a burst of
	// twice as many; 50 when 0. Faster ones are closed with 1008.
	MessageRate float64
	// StoreTimeout bounds one read of the store; 5 s when 0.
	StoreTimeout time.Duration
}

// limits that nobody needs to choose
const (
	readLimit    = 4 << 10  // bytes of a client's message
	maxClientID  = 64       // bytes of ?client
	maxTopics    = 64       // topics a client
	batchBytes   = 64 << 10 // of one array frame
	batchEvents  = 256      // of one array frame
	maxSpread    = time.Minute
	refusalSlots = 256 // closing handshakes with refused clients at a time
)

func (o Options) withDefaults() (Options, error) {
	if o.Store == nil {
		o.Store = memory.New(memory.Options{})
	}
	o.Heartbeat = cmp.Or(o.Heartbeat, 25*time.Second)
	o.Silence = cmp.Or(o.Silence, o.Heartbeat*5/2)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 30*time.Second)
	o.Ring = cmp.Or(o.Ring, 4096)
	o.RingBytes = cmp.Or(o.RingBytes, 64<<20)
	o.MaxEvent = cmp.Or(o.MaxEvent, 1<<20)
	o.MaxClients = cmp.Or(o.MaxClients, 100_000)
	o.AcceptRate = cmp.Or(o.AcceptRate, 500)
	o.MessageRate = cmp.Or(o.MessageRate, 50)
	o.StoreTimeout = cmp.Or(o.StoreTimeout, 5*time.Second)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	if o.Observer == nil {
		o.Observer = NoObserver{}
	}
	for name, value := range map[string]int{
		"Heartbeat": int(o.Heartbeat), "WriteTimeout": int(o.WriteTimeout), "Ring": o.Ring, "RingBytes": o.RingBytes,
		"MaxEvent": o.MaxEvent, "MaxClients": o.MaxClients, "StoreTimeout": int(o.StoreTimeout),
	} {
		if value < 0 {
			return o, fmt.Errorf("feed: Options.%s is negative", name)
		}
	}
	if o.MaxPerAddress < 0 || o.MessageRate < 0 {
		return o, errors.New("feed: Options.MaxPerAddress or MessageRate is negative")
	}
	for _, pattern := range o.OriginPatterns {
		if _, err := path.Match(pattern, ""); err != nil {
			return o, fmt.Errorf("feed: Options.OriginPatterns: %q: %w", pattern, err)
		}
	}
	return o, nil
}
