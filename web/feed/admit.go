package feed

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// query is what a client asks for in its URL.
type query struct {
	client   string
	after    string
	topics   []string // none: all
	later    bool     // the topics come in the first message
	latest   wire.Latest
	had      string // position up to which it has the newest events, "" if it did not say
	plain    bool
	previous *wire.Previous
}

// parseQuery refuses what it cannot read completely: a cursor or a filter that was
// dropped in silence would be a lie to the client.
func (f *Feed) parseQuery(raw string) (q query, err error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, fmt.Errorf("query string: %w", err)
	}
	for _, name := range []string{wire.QueryClient, wire.QueryAfter, wire.QuerySince, wire.QueryVersion, wire.QueryPrevious, wire.QueryTopics} {
		if len(values[name]) > 1 {
			return q, fmt.Errorf("query string: more than one %q", name)
		}
	}
	q.client, q.after, q.topics = values.Get(wire.QueryClient), values.Get(wire.QueryAfter), values[wire.QueryTopic]
	if len(q.client) > maxClientID {
		return q, fmt.Errorf("query string: %q is longer than %d bytes", wire.QueryClient, maxClientID)
	}
	if err := f.checkTopics(q.topics); err != nil {
		return q, err
	}
	q.client = strings.ToValidUTF8(q.client, "?")
	if later := values.Get(wire.QueryTopics); later != "" {
		if q.later = later == wire.TopicsLater; !q.later {
			return q, fmt.Errorf("query string: %q can only be %q; name topics as %q", wire.QueryTopics, wire.TopicsLater, wire.QueryTopic)
		}
	}
	q.plain = values.Get(wire.QueryVersion) != wire.Version
	q.later = q.later && !q.plain
	q.had = values.Get(wire.QuerySince)
	if q.latest, err = wire.ParseLatest(values[wire.QueryLatest]); err == nil {
		err = q.latest.Check(q.topics)
	}
	if err != nil {
		return q, fmt.Errorf("query string: %w", err)
	}
	if q.plain && len(q.latest) > 0 {
		return q, fmt.Errorf("query string: %q needs %q", wire.QueryLatest, wire.QueryVersion+"="+wire.Version)
	}
	if previous, ok := wire.ParsePrevious(values.Get(wire.QueryPrevious)); ok {
		q.previous = &previous
	}
	return q, nil
}

var errTooManyTopics = errors.New("too many topics")

func (f *Feed) checkTopics(topics []string) error {
	if len(topics) > f.options.MaxTopics {
		return fmt.Errorf("%w: %d, at most %d are allowed", errTooManyTopics, len(topics), f.options.MaxTopics)
	}
	for _, topic := range topics {
		if err := checkName(topic); err != nil {
			return err
		}
	}
	return nil
}

// checkName refuses what can be neither a topic nor a pattern.
func checkName(name string) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	return wire.CheckName(name)
}

// admission is what a client that may come in brings with it.
type admission struct {
	query
	address netip.Addr
	grant   *Grant
	access  *access
	since   store.ID // end of the log before its rights were asked for
	release func()   // gives its place back; may be called again
}

// admit decides whether the client may come in. The questions that cost nothing
// come first, and the rate is spent last: who is refused takes nothing from
// others. The error is a [refusal].
func (f *Feed) admit(r *http.Request, address netip.Addr) (*admission, error) {
	if f.leaving() {
		return nil, &refusal{wire.CloseRestart, wire.Advice(f.elsewhere.wait(time.Now(), f.options.AcceptRate), "draining"), refusedDraining}
	}
	q, err := f.parseQuery(r.URL.RawQuery)
	if err != nil {
		f.options.Logger.Warn("client refused: its URL cannot be used", "error", err, "address", address.String())
		return nil, &refusal{wire.ClosePolicy, closeReason(err), refusedQuery}
	}
	if !f.originAllowed(r) {
		f.logRefusedOrigin(r)
		return nil, &refusal{wire.CloseForbidden, "origin not allowed", refusedOrigin}
	}
	block := addressBlock(address)
	free, err := f.reserve(block)
	if err != nil {
		return nil, err
	}
	visit, leave := f.visit()
	release := func() { leave(); free() }
	_, since, _ := f.ring.head()
	grant, access, err := f.permission(r, visit, block)
	if err != nil {
		release()
		return nil, err
	}
	if !f.gate.enter(block, time.Now()) {
		release()
		return nil, &refusal{wire.CloseTryLater, f.later(5*time.Second, "too many clients at once"), refusedRate}
	}
	return &admission{query: q, address: address, grant: grant, access: access, since: since, release: release}, nil
}

// closeReason is an error as a close frame holds it.
func closeReason(err error) string {
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), 120)], "")
}

// reserve takes one of the places for connections.
func (f *Feed) reserve(block netip.Prefix) (release func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reserved >= f.options.MaxClients {
		return nil, &refusal{wire.CloseTryLater, f.later(30*time.Second, "full"), refusedFull}
	}
	if most := f.options.MaxPerAddress; most > 0 && f.address[block] >= most {
		return nil, &refusal{wire.CloseTooMany, f.later(30*time.Second, "too many connections"), refusedAddress}
	}
	f.reserved++
	f.address[block]++
	return sync.OnceFunc(func() { f.release(block) }), nil
}

func (f *Feed) release(block netip.Prefix) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reserved--
	if f.address[block]--; f.address[block] == 0 {
		delete(f.address, block)
	}
}

// leaving reports whether nobody is let in any more.
func (f *Feed) leaving() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.draining || f.closed
}

// frameLimit bounds the frames of one client. Messages are slowed down to
// MessageRate by reading them no faster; a client that exceeds this limit sends
// pings, pongs or fragments that nobody needs.
func (f *Feed) frameLimit() *rate.Limiter {
	return rate.NewLimiter(rate.Limit(framesPerMessage*f.options.MessageRate), max(200, int(2*framesPerMessage*f.options.MessageRate)))
}

const framesPerMessage = 10

// elsewhere advises clients that a balancer sends back to a process that drains.
// They should soon be somewhere else, so the advice is short; when all of them come
// back, because there is no other process, it grows with their number, so that
// they come at the rate at which clients are let in.
type elsewhere struct {
	mu     sync.Mutex
	second time.Time
	count  int // in this second
	before int // in the one before
}

// shortestReturn is the window over which a few clients are spread.
const shortestReturn = time.Second

func (e *elsewhere) wait(now time.Time, perSecond float64) time.Duration {
	return rand.N(e.window(now, perSecond))
}

// window is the time over which those are spread who come back at present.
func (e *elsewhere) window(now time.Time, perSecond float64) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch passed := now.Sub(e.second); {
	case passed >= 2*time.Second:
		e.second, e.count, e.before = now, 0, 0
	case passed >= time.Second:
		e.second, e.count, e.before = now, 0, e.count
	}
	e.count++
	window := shortestReturn
	if perSecond > 0 {
		window += time.Duration(float64(max(e.count, e.before)-1) / perSecond * float64(time.Second))
	}
	return min(window, maxSpread)
}
