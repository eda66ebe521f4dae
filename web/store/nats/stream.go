package nats

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store"
)

// epochKey is the random part of the epoch in the metadata of the stream. A stream
// that has it was made by this package.
const epochKey = "wakesocket_epoch"

// state is what the stream looked like at one moment.
type state struct {
	epoch       string
	first, last uint64 // sequence numbers; first is last+1 in an empty stream
	holes       bool   // some numbers between them are gone
	newLeader   bool   // the leader may not have caught up with what its servers have
	copies      int    // servers that have the stream
	config      jetstream.StreamConfig
}

// state asks the leader of the stream, and makes the stream when there is none.
func (s *Store) state(ctx context.Context) (state, error) {
	asked := known{asked: time.Now(), lost: s.lost()}
	found, err := s.readState(ctx)
	if err != nil {
		s.forget()
		return state{}, err
	}
	asked.epoch, asked.last = found.epoch, found.last
	s.learn(asked)
	return found, nil
}

func (s *Store) readState(ctx context.Context) (state, error) {
	stream, err := s.reach(ctx)
	if err != nil {
		return state{}, err
	}
	info, err := stream.Info(ctx)
	if errors.Is(err, jetstream.ErrStreamNotFound) { // it was deleted
		s.mu.Lock()
		s.stream = nil
		s.mu.Unlock()
		if stream, err = s.reach(ctx); err == nil {
			info, err = stream.Info(ctx)
		}
	}
	if err != nil {
		return state{}, explain("the stream cannot be read", err)
	}
	if err := quorum(info); err != nil {
		return state{}, err
	}
	sum := sha1.Sum(fmt.Appendf(nil, "%s %d %s", info.Config.Name, info.Created.UnixNano(), info.Config.Metadata[epochKey]))
	return state{
		epoch: hex.EncodeToString(sum[:6]),
		first: max(info.State.FirstSeq, 1),
		last:  info.State.LastSeq,
		holes: info.State.NumDeleted > 0,

		newLeader: newLeader(info),
		copies:    copies(info),
		config:    info.Config,
	}, nil
}

// beside asks for the state, and returns what waits for the answer.
func (s *Store) beside(ctx context.Context) func() (state, error) {
	type answer struct {
		state state
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		found, err := s.state(ctx)
		answers <- answer{found, err}
	}()
	return func() (state, error) {
		a := <-answers
		return a.state, a.err
	}
}

func copies(info *jetstream.StreamInfo) int {
	if info.Cluster == nil {
		return 1
	}
	return 1 + len(info.Cluster.Replicas)
}

// stateWith is the state of a stream that ought to have an id.
func (s *Store) stateWith(ctx context.Context, id store.ID) (state, error) {
	return lookTwice(ctx, id, s.state)
}

// secondLook is how long a leader that was stopped for a while may need to learn that
// there is another by now. Until then it answers with what it had.
const secondLook = 500 * time.Millisecond

// lookTwice asks again after a while when the answer of a cluster lacks the id: what
// is taken for lost costs all clients a gap.
func lookTwice(ctx context.Context, id store.ID, ask func(context.Context) (state, error)) (state, error) {
	found, err := ask(ctx)
	if err != nil || found.copies == 1 || id.Epoch == "" || id.Epoch == found.epoch && id.Major <= found.last {
		return found, err
	}
	select {
	case <-time.After(secondLook):
		return ask(ctx)
	case <-ctx.Done():
		return state{}, ctx.Err()
	}
}

// quorum refuses the answer of a leader that has lost contact to most of the servers
// of its stream: others may have another leader by now, and newer events.
func quorum(info *jetstream.StreamInfo) error {
	if info.Cluster == nil || len(info.Cluster.Replicas) == 0 {
		return nil
	}
	alive := 1
	for _, peer := range info.Cluster.Replicas {
		if !peer.Offline && peer.Active < 3*time.Second {
			alive++
		}
	}
	if all := len(info.Cluster.Replicas) + 1; alive <= all/2 {
		return fmt.Errorf("nats: the stream has no quorum: its leader %s reaches %d of %d servers", info.Cluster.Leader, alive, all)
	}
	return nil
}

// catchUp is how long a server may take to apply what it has, after it was elected.
const catchUp = 10 * time.Second

// newLeader reports whether the stream may have later messages than its leader tells of.
func newLeader(info *jetstream.StreamInfo) bool {
	c := info.Cluster
	return c != nil && len(c.Replicas) > 0 && c.LeaderSince != nil && info.TimeStamp.Sub(*c.LeaderSince) < catchUp
}

// reach returns the stream, and makes it when there is none.
func (s *Store) reach(ctx context.Context) (jetstream.Stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stream != nil {
		return s.stream, nil
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stream, err := s.js.Stream(limited, s.options.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		config := s.limits(jetstream.StreamConfig{
			Name: s.options.Stream, Subjects: []string{s.options.Stream + ".>"}, Replicas: s.options.Replicas,
			AllowDirect: true, Duplicates: store.KeyWindow,
			Metadata: map[string]string{epochKey: store.NewEpoch()},
		})
		stream, err = s.js.CreateStream(limited, config)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another process was faster
			stream, err = s.js.Stream(limited, s.options.Stream)
		}
	}
	if err != nil {
		return nil, explain("the stream cannot be reached", err)
	}
	info := stream.CachedInfo()
	config := info.Config
	if err := s.check(config); err != nil {
		return nil, err
	}
	if wanted := s.limits(config); own(config) && limitsDiffer(wanted, config) {
		if raisesTopicLimit(info, wanted.MaxMsgsPerSubject) {
			wanted = withNewEpoch(wanted)
		}
		if stream, err = s.js.UpdateStream(limited, wanted); err != nil {
			return nil, explain("the limits of the stream cannot be changed", err)
		}
	}
	s.stream = stream
	return stream, nil
}

// limits are the options in a stream's words. What is too old is deleted by the
// followers, since the server would delete the newest event too, which proves the
// end of the log.
func (s *Store) limits(config jetstream.StreamConfig) jetstream.StreamConfig {
	config.MaxMsgs = int64(s.options.Events) + 1 // one more: it proves the place before the rest
	config.MaxBytes = -1
	if s.options.Bytes > 0 {
		config.MaxBytes = s.options.Bytes
	}
	config.MaxMsgsPerSubject = -1
	if s.DropsByTopic() {
		config.MaxMsgsPerSubject = int64(s.options.EventsPerTopic)
	}
	return config
}

// own reports whether the stream was made by this package.
func own(config jetstream.StreamConfig) bool { return config.Metadata[epochKey] != "" }

func limitsDiffer(a, b jetstream.StreamConfig) bool {
	return a.MaxMsgs != b.MaxMsgs || a.MaxBytes != b.MaxBytes || max(a.MaxMsgsPerSubject, 0) != max(b.MaxMsgsPerSubject, 0)
}

// raisesTopicLimit reports whether a topic that has fewer events than the new limit may
// have lost some to an old one. A topic with fewer than the limit must have lost none.
func raisesTopicLimit(info *jetstream.StreamInfo, limit int64) bool {
	if limit <= 0 {
		return false
	}
	if old := info.Config.MaxMsgsPerSubject; old > 0 {
		return limit > old
	}
	return info.State.NumDeleted > 0
}

func withNewEpoch(config jetstream.StreamConfig) jetstream.StreamConfig {
	metadata := map[string]string{}
	maps.Copy(metadata, config.Metadata)
	metadata[epochKey] = store.NewEpoch()
	config.Metadata = metadata
	return config
}

// check refuses a stream that somebody else has configured in a way that cannot be
// read as a log.
func (s *Store) check(config jetstream.StreamConfig) error {
	wrong := ""
	switch {
	case !slices.Contains(config.Subjects, s.options.Stream+".>"):
		wrong = fmt.Sprintf("its subjects are %q; set them to %q", config.Subjects, s.options.Stream+".>")
	case config.Retention != jetstream.LimitsPolicy:
		wrong = "its retention is " + config.Retention.String() + "; make one with retention limits"
	case config.Discard != jetstream.DiscardOld:
		wrong = "it refuses new messages when it is full; set discard to old"
	case !config.AllowDirect:
		wrong = "it cannot be read directly; set allow_direct"
	case s.DropsByTopic() && !own(config) && config.MaxMsgsPerSubject != int64(s.options.EventsPerTopic):
		wrong = fmt.Sprintf("it keeps %d messages of each subject; set max_msgs_per_subject to %d", config.MaxMsgsPerSubject, s.options.EventsPerTopic)
	case config.Duplicates < store.KeyWindow:
		wrong = fmt.Sprintf("it remembers message ids for %v; set the duplicate window to %v", config.Duplicates, store.KeyWindow)
	}
	if wrong == "" {
		return nil
	}
	return fmt.Errorf("nats: the stream %s was configured by somebody else: %s, or choose another Options.Stream", config.Name, wrong)
}

// renewEpoch gives the log another epoch.
func (s *Store) renewEpoch(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	state, err := s.state(limited)
	if err != nil {
		return err
	}
	defer s.forget()
	if _, err := s.js.UpdateStream(limited, withNewEpoch(state.config)); err != nil {
		return explain("the epoch cannot be renewed", err)
	}
	return nil
}

// explain adds to an error what can be done about it.
func explain(what string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount), errors.Is(err, nats.ErrNoResponders):
		hint = "; JetStream is off there: start nats-server with -js, and enable it for the account"
	case errors.Is(err, nats.ErrPermissionViolation):
		hint = "; the user needs the permission to publish to $JS.API.> and to subscribe to _INBOX.>"
	case errors.Is(err, nats.ErrDisconnected), errors.Is(err, nats.ErrConnectionReconnecting), errors.Is(err, nats.ErrConnectionClosed):
		hint = "; the server cannot be reached"
	case errors.Is(err, context.DeadlineExceeded):
		hint = "; the server gave no answer: it is away, has no leader for the stream, or the user lacks the permission for $JS.API.>"
	}
	return fmt.Errorf("nats: %s: %w%s", what, err, hint)
}
