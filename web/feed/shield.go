package feed

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// shieldedObserver keeps the feed running when a method of the application's
// observer panics: most of them are called in goroutines of the feed, where a panic
// would end the process.
type shieldedObserver struct {
	Observer
	logger *slog.Logger
}

func (o shieldedObserver) shield(method string) {
	if p := recover(); p != nil {
		o.logger.Error("observer panicked", "method", method, "panic", p, "stack", string(debug.Stack()))
	}
}

func (o shieldedObserver) EventsRead(n int) {
	defer o.shield("EventsRead")
	o.Observer.EventsRead(n)
}

func (o shieldedObserver) EventsSent(n int) {
	defer o.shield("EventsSent")
	o.Observer.EventsSent(n)
}

func (o shieldedObserver) Connected(resume string) {
	defer o.shield("Connected")
	o.Observer.Connected(resume)
}

func (o shieldedObserver) Disconnected(cause string) {
	defer o.shield("Disconnected")
	o.Observer.Disconnected(cause)
}

func (o shieldedObserver) DropReported(cause string) {
	defer o.shield("DropReported")
	o.Observer.DropReported(cause)
}

func (o shieldedObserver) Refused(reason string) {
	defer o.shield("Refused")
	o.Observer.Refused(reason)
}

func (o shieldedObserver) MessageRefused(code string) {
	defer o.shield("MessageRefused")
	o.Observer.MessageRefused(code)
}

func (o shieldedObserver) LogLive(live bool) {
	defer o.shield("LogLive")
	o.Observer.LogLive(live)
}

func (o shieldedObserver) StoreFailed(operation string) {
	defer o.shield("StoreFailed")
	o.Observer.StoreFailed(operation)
}

// shieldedStore turns a panic of a store, and events that are out of order, into an
// error: the log counts as one that cannot be read, and is tried again.
type shieldedStore struct{ store.Store }

func shieldCall(method string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("feed: the store panicked in %s: %v\n%s", method, p, debug.Stack())
	}
}

func (s shieldedStore) Bounds(ctx context.Context) (b store.Bounds, err error) {
	defer shieldCall("Bounds", &err)
	return s.Store.Bounds(ctx)
}

func (s shieldedStore) After(ctx context.Context, id store.ID, limit int) (events []store.Event, err error) {
	defer shieldCall("After", &err)
	events, err = s.Store.After(ctx, id, limit)
	if err == nil {
		err = checkOrder(id, events)
	}
	return events, err
}

func (s shieldedStore) Follow(ctx context.Context, from store.ID, sink store.Sink) (err error) {
	defer shieldCall("Follow", &err)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ordered := &orderedSink{Sink: sink, last: from, stop: cancel}
	err = s.Store.Follow(ctx, from, ordered)
	return cmp.Or(ordered.err, err)
}

// shieldedTopicReader is a [shieldedStore] for events of some topics.
type shieldedTopicReader struct{ store.TopicReader }

func (s shieldedTopicReader) AfterTopics(ctx context.Context, id store.ID, names []string, limit int, known bool) (page store.TopicPage, err error) {
	defer shieldCall("AfterTopics", &err)
	page, err = s.TopicReader.AfterTopics(ctx, id, names, limit, known)
	if err == nil && !id.IsZero() {
		err = checkOrder(id, page.Events)
	}
	return page, err
}

// shieldedTopicFollower is a [shieldedStore] that follows some topics.
type shieldedTopicFollower struct{ store.TopicFollower }

func (s shieldedTopicFollower) FollowTopics(ctx context.Context, from store.ID, share store.Share, sink store.ShareSink) (err error) {
	defer shieldCall("FollowTopics", &err)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ordered := &orderedShareSink{orderedSink{Sink: sink, last: from, stop: cancel}, sink}
	err = s.TopicFollower.FollowTopics(ctx, from, share, ordered)
	return cmp.Or(ordered.err, err)
}

// shieldedRecorder is a [shieldedStore] for records.
type shieldedRecorder struct{ store.Recorder }

// recorderOf returns the records of a store; nil when it keeps none.
func recorderOf(s shieldedStore) store.Recorder {
	if r, ok := s.Store.(store.Recorder); ok {
		return shieldedRecorder{r}
	}
	return nil
}

func (s shieldedRecorder) PutRecord(ctx context.Context, name string, data []byte, keep time.Duration) (err error) {
	defer shieldCall("PutRecord", &err)
	return s.Recorder.PutRecord(ctx, name, data, keep)
}

func (s shieldedRecorder) Records(ctx context.Context) (all []store.Record, err error) {
	defer shieldCall("Records", &err)
	return s.Recorder.Records(ctx)
}

// shieldedHandler keeps the feed running when the application's log handler panics.
// A feed logs in goroutines of its own, so every method counts.
type shieldedHandler struct{ slog.Handler }

func (h shieldedHandler) Enabled(ctx context.Context, level slog.Level) (enabled bool) {
	defer func() {
		if p := recover(); p != nil {
			enabled = true // Handle says what is lost
		}
	}()
	return h.Handler.Enabled(ctx, level)
}

func (h shieldedHandler) Handle(ctx context.Context, record slog.Record) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("feed: the log handler panicked: %v", p)
			fmt.Fprintf(os.Stderr, "%v; the line was: %s\n", err, record.Message)
		}
	}()
	return h.Handler.Handle(ctx, record)
}

func (h shieldedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return shieldedHandler{h.Handler.WithAttrs(attrs)}
}

func (h shieldedHandler) WithGroup(name string) slog.Handler {
	return shieldedHandler{h.Handler.WithGroup(name)}
}
