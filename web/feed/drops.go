package feed

import (
	"container/list"
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Causes of a loss as the feed sees it.
const (
	causeLeft      = "left"      // closed with 1000, 1001 or no code: not a loss
	causeReset     = "reset"     // the connection broke
	causeSilence   = "silence"   // nothing came for too long
	causeSlow      = "slow"      // a write did not go out in time
	causeAbandoned = "abandoned" // the client gave this connection up for another
	causeClosed    = "closed"    // the client closed with any other code
	causeRefused   = "refused"   // the client broke a rule
	causeDrain     = "drain"     // sent away by Drain
	causeShutdown  = "shutdown"  // the feed was closed
	causeEpoch     = "epoch"     // the log has a new epoch
	causeLapped    = "lapped"    // the log was trimmed past a slow client
	causeStore     = "store"     // the store failed in a replay
	causePanic     = "panic"     // a hook of the application panicked
	causeHook      = "hook"      // a hook of the application did not return
	causeExpired   = "expired"   // the grant ended
	causeRevoked   = "revoked"   // by Disconnect
)

var causes = []string{causeLeft, causeReset, causeSilence, causeSlow, causeAbandoned, causeClosed,
	causeRefused, causeDrain, causeShutdown, causeEpoch, causeLapped, causeStore, causePanic,
	causeHook, causeExpired, causeRevoked}

// Drop is one lost connection.
type Drop struct {
	Time     time.Time     `json:"time"`
	Process  string        `json:"process"`           // that it was connected to
	Client   string        `json:"client"`            // id, or address for a client without one
	Block    string        `json:"block"`             // IPv4 /24 or IPv6 /48 of the address
	Browser  string        `json:"browser"`           // its family
	Version  string        `json:"version"`           // family and main version
	Cause    string        `json:"cause"`             // as the feed saw it
	Reported string        `json:"reported"`          // as the client told it when it came back, "" until then
	Down     time.Duration `json:"down_ns"`           // as the client told it
	Up       time.Duration `json:"up_ns"`             // how long it was connected
	Ping     time.Duration `json:"last_ping_ns"`      // age of its last ping, -1 if there was none
	RTT      time.Duration `json:"rtt_ns"`            // by the kernel, 0 if unknown
	Lag      uint64        `json:"lag"`               // events that it had not been sent yet
	Resumed  string        `json:"resumed,omitempty"` // id that it had asked to go on from
	Replay   int           `json:"replayed"`          // events that it was replayed
	Gap      string        `json:"gap,omitempty"`     // reason of the gap that it was told of

	source int // which of the processes of a report it is of
}

const (
	historyClients = 1024 // clients with a history
	historyDrops   = 16   // drops in the history of one
)

// drops remembers the latest losses of each client, and forgets the clients that
// were lost longest ago.
type drops struct {
	mu      sync.Mutex
	clients map[string]*list.Element // of *history
	recent  *list.List               // latest loss first
}

type history struct {
	client string
	drops  []*Drop // oldest first
}

func newDrops() *drops {
	return &drops{clients: map[string]*list.Element{}, recent: list.New()}
}

func (d *drops) add(drop *Drop) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.clients[drop.Client]
	if !ok {
		e = d.recent.PushFront(&history{client: drop.Client})
		d.clients[drop.Client] = e
		if d.recent.Len() > historyClients {
			oldest := d.recent.Remove(d.recent.Back()).(*history)
			delete(d.clients, oldest.client)
		}
	}
	d.recent.MoveToFront(e)
	h := e.Value.(*history)
	if len(h.drops) == historyDrops {
		h.drops = append(h.drops[:0], h.drops[1:]...)
	}
	h.drops = append(h.drops, drop)
}

// report notes what a returning client says of its latest loss, and returns what
// the feed had seen, "" when it has seen nothing yet.
func (d *drops) report(client, cause string, down time.Duration) (seen string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.clients[client]
	if !ok {
		return ""
	}
	h := e.Value.(*history)
	last := h.drops[len(h.drops)-1]
	if last.Reported != "" {
		return ""
	}
	last.Reported, last.Down = cause, down
	return last.Cause
}

// list copies every drop, those of the latest client first.
func (d *drops) list() []Drop { return d.ofLatest(historyClients) }

// latest copies the latest drops, latest first. They are of the clients that were lost
// latest.
func (d *drops) latest(most int) []Drop {
	all := d.ofLatest(most)
	slices.SortStableFunc(all, func(a, b Drop) int { return b.Time.Compare(a.Time) })
	return all[:min(len(all), most)]
}

// ofLatest copies the drops of so many clients, those of the latest first.
func (d *drops) ofLatest(clients int) []Drop {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Drop
	for e := d.recent.Front(); e != nil && clients > 0; e = e.Next() {
		clients--
		for _, drop := range e.Value.(*history).drops {
			all = append(all, *drop)
		}
	}
	return all
}

// name is what the history calls a client.
func (c *client) name() string {
	if c.info.ID != "" {
		return c.info.ID
	}
	return c.info.Address.String()
}

// recordConnect counts a client in, and notes what it tells of its last loss. A client
// often notices first; then the lost connection, before, is still there to be noted in.
func (f *Feed) recordConnect(c, before *client) {
	switch {
	case c.gap != "":
		f.options.Observer.Connected("gap_" + c.gap)
	case c.resumed != "":
		f.options.Observer.Connected(resumeExact)
	default:
		f.options.Observer.Connected(resumeFresh)
	}
	if c.previous == nil {
		return
	}
	f.options.Observer.DropReported(c.previous.Cause)
	seen := ""
	if before != nil {
		before.mu.Lock()
		before.reported = c.previous
		before.mu.Unlock()
	} else {
		seen = f.drops.report(c.name(), c.previous.Cause, c.previous.Down)
	}
	f.options.Logger.Info("client returned", "client", c.name(), "reported", c.previous.Cause, "seen", seen,
		"up", c.previous.Up, "down", c.previous.Down, "resumed", c.resumed, "gap", c.gap)
}

// recordEnd counts a client out: one line in the log, unless it left.
func (f *Feed) recordEnd(c *client, cause string) {
	f.options.Observer.Disconnected(cause)
	if cause == causeLeft {
		return
	}
	now := time.Now()
	drop := Drop{
		Time: now, Client: c.name(), Block: wideBlock(c.info.Address), Browser: family(c.browser), Version: c.browser, Cause: cause,
		Up: now.Sub(c.opened), Ping: -1, RTT: time.Duration(c.rtt.Load()), Resumed: c.resumed, Gap: c.gap,
	}
	if ping := c.lastPing.Load(); ping != 0 {
		drop.Ping = elapsed(ping, now)
	}
	c.mu.Lock()
	drop.Replay = c.replayed
	if c.reported != nil {
		drop.Reported, drop.Down = c.reported.Cause, c.reported.Down
	}
	if c.writing { // an idle client has everything that it wants
		drop.Lag = f.ring.lag(c.at)
	}
	c.mu.Unlock()
	kept := drop // the client may return, and be noted in it, while this line is written
	f.drops.add(&kept)
	f.options.Logger.LogAttrs(context.Background(), slog.LevelInfo, "client dropped",
		slog.String("client", drop.Client), slog.String("cause", cause), slog.String("reported", drop.Reported),
		slog.String("address", drop.Block), slog.String("browser", drop.Browser),
		slog.Duration("up", drop.Up), slog.Duration("last_ping", drop.Ping), slog.Duration("rtt", drop.RTT),
		slog.Uint64("lag", drop.Lag), slog.String("resumed", drop.Resumed), slog.Int("replayed", drop.Replay),
		slog.String("gap", drop.Gap))
}

// wideBlock is the neighbourhood of an address: enough to see that one network
// drops its clients.
func wideBlock(address netip.Addr) string {
	bits := 24
	if address.Is6() {
		bits = 48
	}
	block, err := address.Prefix(bits)
	if err != nil {
		return ""
	}
	return block.String()
}

// browserOf names the family of a browser and its main version, as in "Firefox 140":
// a short list, so that it can be counted.
func browserOf(agent string) string {
	for _, known := range []struct{ token, name string }{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung"}, {"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
		{"AppleWebKit/", "WebKit"}, {"Go-http-client", "Go"},
	} {
		_, rest, found := strings.Cut(agent, known.token)
		if !found {
			continue
		}
		if known.name == "Safari" { // after that word it tells the version of its engine
			_, rest, _ = strings.Cut(agent, "Version/")
		}
		if _, after, slash := strings.Cut(rest, "/"); known.name == "Edge" && slash { // Edg/, EdgA/, EdgiOS/
			rest = after
		}
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if digits == 0 || digits > 4 {
			return known.name
		}
		return known.name + " " + rest[:digits]
	}
	return "other"
}

// family is the name of a browser without its version.
func family(browser string) string {
	name, _, _ := strings.Cut(browser, " ")
	return name
}
