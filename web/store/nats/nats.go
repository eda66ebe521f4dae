// Package nats is an event log in a NATS JetStream stream: on a server or cluster
// (NATS 2.11 or newer), or in a directory of this machine, with the server inside of
// the process. Any NATS client can publish:
//
//	nats pub wakesocket.cpu '{"load":0.7}'
//	nats pub -H Nats-Msg-Id:key wakesocket.cpu '{"load":0.7}'
//
// The topic is the subject after the name of the stream. Characters that a subject
// cannot have are percent-encoded, as in a URL; so is the percent sign.
//
// Ids are "<epoch>-<sequence>-<checksum>". Reading on from an id is proved by that
// id's own message: the stream must have it, with that checksum, and the sequence
// numbers after it must have no hole. The epoch is replaced when the stream is found
// to have lost its end.
//
// The package is a module of its own: a program that does not import it has no NATS
// in its binary and none in its go.sum.
package nats

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/internal/batch"
	"github.com/wakesocket/wakesocket/web/store/internal/page"
)

// Options of a log.
type Options struct {
	// Stream is the name of the stream, and the first token of its subjects. It is
	// made of letters, digits, - and _. Defaults to "wakesocket".
	Stream string
	// Events is how many events to keep. Defaults to 10,000.
	Events int
	// EventsPerTopic is how many events of each topic to keep, so that a busy topic does
	// not push out the events of others; choose more than a topic gets in a few seconds.
	// A feed does not tell clients of a gap for what topics that they do not want have
	// lost. Raising it begins a new epoch. Defaults to 0: no limit.
	EventsPerTopic int
	// FollowTopics has a feed read only the topics that its clients want, and not the whole
	// stream: for many processes with different topics. It needs EventsPerTopic, which may
	// be as large as Events. Defaults to false: every feed reads everything, which costs
	// less while its clients want most of it.
	FollowTopics bool
	// Bytes bounds the size of what is kept. Defaults to 0: no limit.
	Bytes int64
	// Age is how long to keep an event, by the clock of the server. Defaults to 0: no
	// limit.
	Age time.Duration
	// Replicas is how many servers of a cluster keep the stream: 1, 3 or 5. It is used
	// when the stream is made. Defaults to 1.
	Replicas int
}

// Store is a log in JetStream.
type Store struct {
	options Options
	conn    *nats.Conn
	js      jetstream.JetStream
	close   func() error // what Close has to end besides
	batcher *batch.Batcher
	sender  *sender
	answers *answers
	pages   page.Sizer
	files   *syncer // of a directory; nobody else can change its stream

	milestoneEvery time.Duration

	mu     sync.Mutex
	stream jetstream.Stream // nil until it was first reached
	known  known
}

var _ store.Store = (*Store)(nil)

const timeout = 5 * time.Second // for one answer, besides pages

var streamName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Open returns the log at a nats:// or tls:// URL, or several with commas between;
// or at a file:// URL, whose path is a directory of this machine: see [OpenDir].
//
// With a nats:// URL it does not wait for the server: while that is away, the methods
// fail and Follow is to be tried again. The stream is made when it is first used.
func Open(address string, options Options) (*Store, error) {
	if rest, ok := strings.CutPrefix(address, "file://"); ok {
		u, err := url.Parse(address)
		if err != nil || u.Host != "" || u.Path == "" || u.RawQuery != "" {
			return nil, fmt.Errorf("nats: %q must be file:// and an absolute path, as in file:///var/lib/app/log", "file://"+rest)
		}
		return OpenDir(u.Path, options)
	}
	if options, err := options.withDefaults(); err != nil {
		return nil, err
	} else if !strings.Contains(address, "://") {
		return nil, fmt.Errorf("nats: %q must begin with nats://, tls:// or file://", address)
	} else {
		conn, err := nats.Connect(address, nats.Name("wakesocket "+options.Stream), nats.Timeout(timeout),
			nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond),
			nats.PingInterval(time.Second), nats.MaxPingsOutstanding(3),
			nats.ReconnectBufSize(-1)) // an event that cannot be sent now fails now
		if err != nil {
			return nil, fmt.Errorf("nats: %w", err)
		}
		return open(conn, options, nil, func() error { conn.Close(); return nil })
	}
}

// New returns the log at the JetStream of a connection that the application has.
// Close does not close the connection. The connection should have
// ReconnectBufSize(-1), so that an event that cannot be sent is reported at once.
func New(conn *nats.Conn, options Options) (*Store, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	return open(conn, options, nil, func() error { return nil })
}

// open makes the store. Files make what is stored survive a loss of power; they are nil
// where the server sees to that.
func open(conn *nats.Conn, options Options, files *syncer, shut func() error) (*Store, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("nats: %w", err), shut())
	}
	s := &Store{options: options, conn: conn, js: js, close: shut, files: files, sender: newSender(conn, options.Stream, files == nil),
		answers: newAnswers(conn), milestoneEvery: milestoneEvery}
	if files == nil {
		s.batcher = batch.New(s.commit)
	} else {
		s.batcher = batch.NewSynced(s.commit, files.sync)
	}
	return s, nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Stream == "" {
		o.Stream = "wakesocket"
	}
	if !streamName.MatchString(o.Stream) {
		return o, fmt.Errorf("nats: Options.Stream %q must match %s", o.Stream, streamName)
	}
	if o.Events <= 0 {
		o.Events = 10_000
	}
	o.EventsPerTopic = max(o.EventsPerTopic, 0)
	if o.FollowTopics && o.EventsPerTopic == 0 {
		return o, errors.New("nats: Options.FollowTopics needs EventsPerTopic; set it to Events if topics are to have no limit of their own")
	}
	if o.Replicas <= 0 {
		o.Replicas = 1
	}
	return o, nil
}

// Close ends the connection, and the server of a directory; what is being published
// fails.
func (s *Store) Close() error {
	s.batcher.Close()
	s.sender.close()
	s.answers.close()
	return s.close()
}

// Bounds tells what the stream holds.
func (s *Store) Bounds(ctx context.Context) (store.Bounds, error) {
	state, err := s.state(ctx)
	if err != nil {
		return store.Bounds{}, err
	}
	return s.bounds(ctx, state)
}

// After reads the events that follow id.
func (s *Store) After(ctx context.Context, id store.ID, limit int) ([]store.Event, error) {
	state, err := s.stateWith(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.after(ctx, state, id, limit)
}
