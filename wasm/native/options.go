package native

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// Options of a [Client]. URL or Resolve is required, all else has defaults.
//
// The callbacks run one at a time in one goroutine, and get the client. Every
// method of the client may be called in them. A callback that blocks delays the
// events after it, see MaxLag.
type Options struct {
	// URL is the address of the feed: ws, wss, http or https. Defaults to none: it is
	// required where there is no Resolve.
	URL string
	// Resolve returns the address before each dial, instead of URL. Fresh means that
	// the server refused the last one: get a new token. An error is a failed attempt.
	// Defaults to URL.
	Resolve func(ctx context.Context, fresh bool) (string, error)
	// Header returns the HTTP headers of each dial, for example Authorization; Host and
	// Sec-WebSocket-Protocol count, too. Fresh and errors are as in Resolve.
	// Defaults to no headers.
	Header func(ctx context.Context, fresh bool) (http.Header, error)
	// HTTPClient dials: its Transport holds proxies, TLS configuration and dialer.
	// Its Timeout is not used, since it would end the connection.
	// Defaults to a client with proxies from the environment.
	HTTPClient *http.Client

	// After is the cursor to resume from: what Cursor returned, or OnCommit got.
	// Defaults to "", the present.
	After string
	// Topics are the topics or patterns to receive.
	// Defaults to all.
	Topics []string
	// Latest names topics or patterns of which OnEvent gets only the newest event: one
	// of each topic in so much time at most, 10 ms to an hour; 0 stands for 250 ms. They
	// are followed beside Topics. Where several names stand for a topic, the most
	// specific one decides.
	// Defaults to none: every event is wanted.
	Latest map[string]time.Duration
	// Since is the position up to which the program has the newest events of Latest:
	// what Client.Since returned beside the cursor that is given to After.
	// Defaults to After.
	Since string
	// ID names this client in the server's log.
	// Defaults to "".
	ID string

	// OnEvent gets each event once and in order. Defaults to none.
	OnEvent func(*Client, Event)
	// OnState gets each change of the state. Defaults to none.
	OnState func(*Client, State)
	// OnGap gets each hole: events that are lost for this client. Defaults to none.
	OnGap func(*Client, Gap)
	// OnError gets each error: *DialError, *CloseError, *URLError, *FrameError,
	// *ServerError, *SnapshotError, ErrSlowConsumer, ErrBinary. The client goes on.
	// Defaults to none.
	OnError func(*Client, error)
	// OnCommit gets the cursor once OnEvent has returned for all events before it:
	// at least every 100 events, and when no event waits. Save it, and give it to
	// After when the program starts again. An error of it goes to OnError.
	// Defaults to none.
	OnCommit func(c *Client, cursor string) error

	// Snapshot loads the state of what the program shows, and its position: at the
	// start, unless there is a cursor (After), after each gap, and again when it
	// failed. OnSnapshot gets it, and OnEvent then exactly the events after it; until
	// then the client is not live. It runs in a goroutine of its own. Reason is
	// SnapshotStart, SnapshotOverflow, SnapshotRequest or that of a Gap. ctx ends when
	// the result is of no more use: after 10 s, for each further call after twice as
	// long, up to 60 s. Waits between calls are 1 s to 30 s, with jitter.
	// Defaults to none: the program needs only events.
	Snapshot func(ctx context.Context, reason string) (Snapshot, error)
	// OnSnapshot gets each snapshot before the events after it; it replaces all that
	// the program had. It is required where there is Snapshot.
	// Defaults to none.
	OnSnapshot func(*Client, Snapshot)

	// MaxLag is how long an event may wait for OnEvent before the state is slow and
	// OnError gets ErrSlowConsumer. Defaults to 10 s.
	MaxLag time.Duration
	// Buffer is how many events wait for OnEvent at most. Then the client reads no
	// more from the network. Defaults to 4096.
	Buffer int
	// MaxRefusals is after how many answers in a row like 403 and 404 the client
	// fails for good. Defaults to 3.
	MaxRefusals int

	// Heartbeat is the time between pings. Negative sends none, and then silence
	// goes unnoticed. Defaults to 25 s.
	Heartbeat time.Duration
	// HeartbeatTimeout is how long a ping may go unanswered before the connection is
	// given up. Defaults to 10 s.
	HeartbeatTimeout time.Duration
	// QuietHeartbeat is the quiet time before a ping. Defaults to 5 s.
	QuietHeartbeat time.Duration
	// ChallengeAfter is how long a ping may go unanswered before a second connection
	// is dialed beside the first. Defaults to 2 s.
	ChallengeAfter time.Duration
	// MinReconnectDelay is the upper bound of the first retry delay. Each failure
	// doubles it. Defaults to 1 s.
	MinReconnectDelay time.Duration
	// MaxReconnectDelay is the upper bound of every retry delay. Defaults to 30 s.
	MaxReconnectDelay time.Duration
	// MinUptime is how long a connection must live before earlier failures are
	// forgotten. Defaults to 5 s.
	MinUptime time.Duration
	// ConnectTimeout is how long a connection may take to open. It doubles, up to
	// four times as long, while dials keep timing out. Defaults to 5 s.
	ConnectTimeout time.Duration
	// FirstRetryWindow is the window over which the first retry after a loss is
	// spread when the server named none. Defaults to 1 s.
	FirstRetryWindow time.Duration
}

const (
	defaultBuffer      = 4096
	defaultMaxLag      = 10 * time.Second
	defaultMaxRefusals = 3
)

// withDefaults checks the options and fills in what is zero.
func (o Options) withDefaults() (Options, error) {
	switch {
	case o.URL != "" && o.Resolve != nil:
		return o, errors.New("native: Options.URL and Options.Resolve are both set; leave one out")
	case o.Resolve == nil:
		if _, err := parseURL(o.URL); err != nil {
			return o, fmt.Errorf("native: Options.URL: %w", err)
		}
		address := o.URL
		o.Resolve = func(context.Context, bool) (string, error) { return address, nil }
	}
	if (o.Snapshot == nil) != (o.OnSnapshot == nil) {
		return o, errors.New("native: Options.Snapshot and Options.OnSnapshot belong together; set both, or none")
	}
	for _, name := range o.Topics {
		if err := wire.CheckName(name); err != nil {
			return o, fmt.Errorf("native: Options.Topics: %w", err)
		}
	}
	if err := checkLatest(o.Latest); err != nil {
		return o, fmt.Errorf("native: Options.Latest: %w", err)
	}
	if o.MaxLag < 0 || o.Buffer < 0 || o.MaxRefusals < 0 {
		return o, errors.New("native: Options.MaxLag, Buffer and MaxRefusals must not be negative; 0 is the default")
	}
	set(&o.MaxLag, defaultMaxLag)
	set(&o.Buffer, defaultBuffer)
	set(&o.MaxRefusals, defaultMaxRefusals)
	client := http.Client{}
	if o.HTTPClient != nil {
		client = *o.HTTPClient
	}
	client.Timeout = 0 // it would end the connection
	o.HTTPClient = &client
	return o, nil
}

func set[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

// session returns the options of the session.
func (o Options) session() session.Options {
	s := session.Defaults()
	for _, d := range []struct {
		to    *time.Duration
		value time.Duration
	}{
		{&s.Heartbeat, o.Heartbeat}, {&s.HeartbeatTimeout, o.HeartbeatTimeout}, {&s.VisibleHeartbeat, o.QuietHeartbeat},
		{&s.ChallengeAfter, o.ChallengeAfter}, {&s.MinReconnectDelay, o.MinReconnectDelay}, {&s.MaxReconnectDelay, o.MaxReconnectDelay},
		{&s.MinUptime, o.MinUptime}, {&s.ConnectTimeout, o.ConnectTimeout}, {&s.FirstRetryWindow, o.FirstRetryWindow},
	} {
		if d.value != 0 {
			*d.to = d.value
		}
	}
	s.Heartbeat = max(s.Heartbeat, 0)
	s.After = o.After
	return s
}

// parseURL reads the address of a feed. Its errors say what to write, and nothing of what
// may be secret.
func parseURL(text string) (*url.URL, error) {
	const want = "write it like wss://example.org/feed"
	if text == "" {
		return nil, errors.New("the address is empty; " + want)
	}
	u, err := url.Parse(text)
	if err != nil {
		if parse, ok := errors.AsType[*url.Error](err); ok {
			err = parse.Err // without the address
		}
		return nil, fmt.Errorf("%q cannot be read: %w; %s", withoutSecrets(text), err, want)
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return nil, fmt.Errorf("%q does not begin with ws://, wss://, http:// or https://; %s", withoutSecrets(text), want)
	}
	if u.Hostname() == "" {
		return nil, fmt.Errorf("%q names no host; %s", withoutSecrets(text), want)
	}
	if _, err := url.ParseQuery(u.RawQuery); err != nil {
		return nil, fmt.Errorf("the query of %q cannot be read: %w", withoutSecrets(text), err)
	}
	u.Fragment = "" // a server never sees it
	return u, nil
}

// withoutSecrets is an address without its user and its query, where tokens stand.
func withoutSecrets(address string) string {
	address, _, _ = strings.Cut(address, "?")
	scheme, rest, ok := strings.Cut(address, "://")
	if at := strings.LastIndex(rest, "@"); ok && at >= 0 {
		return scheme + "://" + rest[at+1:]
	}
	return address
}
