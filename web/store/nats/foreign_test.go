package nats_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// serverWith starts a server inside of the test.
func serverWith(t *testing.T, options server.Options) (url string) {
	t.Helper()
	options.Host, options.Port, options.NoSigs, options.NoLog, options.StoreDir = "127.0.0.1", -1, true, true, t.TempDir()
	s, err := server.NewServer(&options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the server does not start")
	}
	return s.ClientURL()
}

// What is wrong with a server is reported in a sentence that says what to do, and the
// event is certainly not stored.
func TestServerRefused(t *testing.T) {
	t.Parallel()
	foreign := func(change func(*jetstream.StreamConfig)) func(*testing.T) string {
		return func(t *testing.T) string {
			url := serverWith(t, server.Options{JetStream: true})
			config := jetstream.StreamConfig{Name: "wakesocket", Subjects: []string{"wakesocket.>"}, AllowDirect: true, Duplicates: store.KeyWindow}
			change(&config)
			if _, err := management(t, url).CreateStream(t.Context(), config); err != nil {
				t.Fatal(err)
			}
			return url
		}
	}
	for name, test := range map[string]struct {
		url  func(*testing.T) string
		want string // "" when the log can be used
	}{
		"JetStream is off":    {func(t *testing.T) string { return serverWith(t, server.Options{}) }, "start nats-server with -js"},
		"no permission":       {noPermission, "$JS.API.>"},
		"of somebody else":    {foreign(func(c *jetstream.StreamConfig) {}), ""},
		"other subjects":      {foreign(func(c *jetstream.StreamConfig) { c.Subjects = []string{"other"} }), "set them to"},
		"a work queue":        {foreign(func(c *jetstream.StreamConfig) { c.Retention = jetstream.WorkQueuePolicy }), "retention limits"},
		"refuses when full":   {foreign(func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardNew }), "set discard to old"},
		"not direct":          {foreign(func(c *jetstream.StreamConfig) { c.AllowDirect = false }), "set allow_direct"},
		"forgets message ids": {foreign(func(c *jetstream.StreamConfig) { c.Duplicates = time.Second }), "duplicate window"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := nats.Open(test.url(t), nats.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			_, err = s.Publish(t.Context(), "cpu", []byte("1"))
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, store.ErrNotStored) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if _, err := s.Bounds(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("bounds: %v, want %q", err, test.want)
			}
		})
	}
}

func noPermission(t *testing.T) string {
	url := serverWith(t, server.Options{JetStream: true, Users: []*server.User{{Username: "a", Password: "b", Permissions: &server.Permissions{
		Publish: &server.SubjectPermission{Allow: []string{"wakesocket.>"}},
	}}}})
	return strings.Replace(url, "nats://", "nats://a:b@", 1)
}

// A user that may publish and may not read is told so, also by what the log keeps
// beside it. What was published stays.
func TestNoPermissionToRead(t *testing.T) {
	t.Parallel()
	allow := func(more ...string) *server.Permissions {
		return &server.Permissions{Publish: &server.SubjectPermission{Allow: append(more, "wakesocket.>", "$JS.API.STREAM.INFO.wakesocket", "$JS.API.STREAM.CREATE.wakesocket")}}
	}
	url := serverWith(t, server.Options{JetStream: true, Users: []*server.User{
		{Username: "writer", Password: "b", Permissions: allow()},
		{Username: "reader", Password: "b", Permissions: allow("$JS.API.>", "$JS.ACK.>")},
	}})
	open := func(user string) *nats.Store {
		s, err := nats.Open(strings.Replace(url, "nats://", "nats://"+user+":b@", 1), nats.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	s := open("writer")
	before := publish(t, s, 1)
	publish(t, s, 2)
	for name, try := range map[string]func(context.Context) error{
		"After":     func(ctx context.Context) error { _, err := s.After(ctx, before, 10); return err },
		"Follow":    func(ctx context.Context) error { return s.Follow(ctx, before, storetest.NewSink()) },
		"PutRecord": func(ctx context.Context) error { return s.PutRecord(ctx, "a", nil, time.Minute) },
		"Records":   func(ctx context.Context) error { _, err := s.Records(ctx); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := try(ctx); err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "$JS.API.>") {
				t.Errorf("%v; want to read what permission is missing", err)
			}
		})
	}
	if got := after(t, open("reader"), before); got != "2" {
		t.Errorf("the log has %q", got)
	}
}

func management(t *testing.T, url string) jetstream.JetStream {
	t.Helper()
	conn, err := natsgo.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// Any NATS client can publish; the idempotency key is the header Nats-Msg-Id, for
// programs with this package and others alike.
func TestOtherProgramsPublish(t *testing.T) {
	t.Parallel()
	url := serverWith(t, server.Options{JetStream: true})
	s, err := nats.Open(url, nats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before := top(t, s)
	js := management(t, url)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := js.Conn().Publish("wakesocket.cpu.load", []byte("1")); err != nil { // as nats pub does
		t.Fatal(err)
	}
	for range 2 {
		message := &natsgo.Msg{Subject: "wakesocket.a%20b%2A", Data: []byte("2"), Header: natsgo.Header{"Nats-Msg-Id": {"k"}}}
		if _, err := js.PublishMsg(ctx, message); err != nil {
			t.Fatal(err)
		}
	}
	id, err := s.Publish(ctx, "other", []byte("3"), store.IdempotencyKey("k"))
	if err != nil {
		t.Fatal(err)
	}
	events, err := s.After(ctx, before, 10)
	if err != nil || len(events) != 2 || events[0].Topic != "cpu.load" || string(events[0].Data) != "1" ||
		events[1].Topic != "a b*" || string(events[1].Data) != "2" || events[1].ID != id {
		t.Errorf("%v, %v; the second has the id %v", events, err, id)
	}
}

// A stream that is made anew gives out the same numbers in another epoch.
func TestStreamMadeAnew(t *testing.T) {
	t.Parallel()
	url := serverWith(t, server.Options{JetStream: true})
	s, err := nats.Open(url, nats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	old := publish(t, s, 1)
	if err := management(t, url).DeleteStream(t.Context(), "wakesocket"); err != nil {
		t.Fatal(err)
	}
	if again := publish(t, s, 1); again.Major != old.Major || again.Epoch == old.Epoch {
		t.Errorf("%v, before %v", again, old)
	}
	wantGap(t, s, old, store.Epoch)
}

// A limit for each subject deletes in the middle of the log. Without
// Options.EventsPerTopic each hole is reported as a gap, whatever a reader wants.
func TestLimitForEachSubject(t *testing.T) {
	t.Parallel()
	url := serverWith(t, server.Options{JetStream: true})
	_, err := management(t, url).CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "wakesocket", Subjects: []string{"wakesocket.>"}, AllowDirect: true, Duplicates: store.KeyWindow, MaxMsgsPerSubject: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := nats.Open(url, nats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var ids []store.ID
	for _, topic := range []string{"rare", "busy", "busy", "busy", "busy", "busy"} { // 4 to 6 of busy stay
		id, err := s.Publish(ctx, topic, []byte("1"))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	wantGap(t, s, ids[0], store.Trimmed) // the rare one is there; two busy ones after it are not
	wantGap(t, s, ids[2], store.Trimmed)
	for at, want := range map[int]int{3: 2, 5: 0} {
		if events, err := s.After(ctx, ids[at], 10); err != nil || len(events) != want {
			t.Errorf("after event %d: %d events, %v; want %d", at+1, len(events), err, want)
		}
	}
	if bounds, err := s.Bounds(ctx); err != nil || bounds.Base != ids[3] || bounds.Top != ids[5] {
		t.Errorf("%+v, %v; want those after %v", bounds, err, ids[3])
	}
}
