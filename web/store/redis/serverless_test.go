package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
)

// Ids and checksums in both spellings: the stream's, and that of the log.
func TestIDsWithoutServer(t *testing.T) {
	for _, test := range []struct {
		text, sum string
		want      store.ID
		ok        bool
	}{
		{"0-0", "", store.ID{Epoch: "e"}, true},
		{"1700000000000-3", "0000002a", store.ID{Epoch: "e", Major: 1700000000000, Minor: 3<<32 | 42}, true},
		{"5-4294967295", "ffffffff", store.ID{Epoch: "e", Major: 5, Minor: 1<<64 - 1}, true},
		{"5-4294967296", "", store.ID{}, false},
		{"5", "", store.ID{}, false},
		{"-5", "", store.ID{}, false},
		{"5-x", "", store.ID{}, false},
		{"x-5", "", store.ID{}, false},
		{"5-5", "100000000", store.ID{}, false},
		{"5-5", "zz", store.ID{}, false},
	} {
		got, err := parseID("e", test.text, test.sum)
		if got != test.want || (err == nil) != test.ok {
			t.Errorf("%q, %q: %+v, %v", test.text, test.sum, got, err)
		}
		if test.ok && (entryID(got) != test.text || test.sum != "" && sumOf(got) != test.sum) {
			t.Errorf("%+v is written %q, %q", got, entryID(got), sumOf(got))
		}
	}
	// The same as redis.sha1hex(topic .. '\0' .. data) begins with.
	if got := checksum("cpu", "1"); got != "26ac5643" {
		t.Errorf("%q", got)
	}
}

// Reading on from a place is proved, or it is a gap.
func TestPlacesWithoutServer(t *testing.T) {
	at := func(ms, seq, sum uint64) store.ID { return store.ID{Epoch: "e", Major: ms, Minor: seq<<32 | sum} }
	events := []store.Event{{ID: at(9, 0, 1)}}
	trimmed := store.Bounds{Base: at(5, 0, 50), Top: at(9, 0, 1)}
	whole := store.Bounds{Base: store.ID{Epoch: "e"}, Top: at(9, 0, 1)}
	for name, test := range map[string]struct {
		bounds store.Bounds
		proof  string
		from   store.ID
		reason string
		events int
	}{
		"the entry is there":              {trimmed, "00000007", at(7, 0, 7), "", 1},
		"another entry has its number":    {trimmed, "00000008", at(7, 0, 7), store.Invalid, 0},
		"no entry has its number":         {trimmed, "", at(7, 0, 7), store.Invalid, 0},
		"another epoch":                   {trimmed, "00000007", store.ID{Epoch: "f", Major: 7, Minor: 7}, store.Epoch, 0},
		"the end":                         {trimmed, "00000001", at(9, 0, 1), "", 0},
		"the end, with another event":     {trimmed, "00000001", at(9, 0, 2), store.Invalid, 0},
		"after the end":                   {trimmed, "", at(9, 1, 1), store.Future, 0},
		"far after the end":               {trimmed, "", at(1<<40, 0, 1), store.Future, 0},
		"before the oldest":               {trimmed, "", at(4, 0, 4), store.Trimmed, 0},
		"the oldest":                      {trimmed, "00000032", at(5, 0, 50), "", 1},
		"the oldest with another event":   {trimmed, "00000032", at(5, 0, 51), store.Invalid, 0},
		"the beginning":                   {whole, "", store.ID{Epoch: "e"}, "", 1},
		"the beginning of a trimmed one":  {trimmed, "", store.ID{Epoch: "e"}, store.Trimmed, 0},
		"a beginning with a second part":  {whole, "", store.ID{Epoch: "e", Minor: 1}, store.Invalid, 0},
		"the beginning of another's life": {whole, "", store.ID{Epoch: "f"}, store.Epoch, 0},
	} {
		got, err := snapshot{Bounds: test.bounds, proof: test.proof, events: events}.after(test.from)
		if reason, _ := store.AsGap(err); reason != test.reason || len(got) != test.events {
			t.Errorf("%s: %d events, %v", name, len(got), err)
		}
	}
}

func TestFailuresWithoutServer(t *testing.T) {
	answer := fmt.Errorf("wrapped: %w", &rueidis.RedisError{})
	for _, test := range []struct {
		err      error
		answered bool
		outcome  error
	}{
		{answer, true, store.ErrNotStored},
		{io.EOF, false, store.ErrOutcomeUnknown},
		{errors.New("READONLY is only a word here"), false, store.ErrOutcomeUnknown},
	} {
		if answered(test.err) != test.answered || isReadOnly(test.err) || !errors.Is(outcome(test.err), test.outcome) {
			t.Errorf("%v: answered %v, %v", test.err, answered(test.err), outcome(test.err))
		}
	}
	// A client that failed without an answer is let go; that of the application stays.
	for _, test := range []struct {
		err          error
		shared, kept bool
	}{{nil, false, true}, {answer, false, true}, {io.EOF, true, true}, {io.EOF, false, false}} {
		client := &closing{closed: make(chan struct{}, 1)}
		c := &connections{client: client, shared: test.shared}
		if c.failed(client, test.err); (c.client != nil) != test.kept {
			t.Errorf("%v, shared %v: kept %v", test.err, test.shared, !test.kept)
		}
		if !test.kept {
			<-client.closed
		}
	}
}

type closing struct {
	rueidis.Client
	closed chan struct{}
}

func (c *closing) Close() { c.closed <- struct{}{} }

func TestOptionsWithoutServer(t *testing.T) {
	for _, test := range []struct {
		options Options
		maxlen  string
		keys    []string
	}{
		{Options{}, "10001", []string{"wakesocket", "{wakesocket}:keys", "{wakesocket}:ages"}},
		{Options{Key: "a{b}c", Events: 5}, "6", []string{"a{b}c", "a{b}c:keys", "a{b}c:ages"}},
		{Options{Events: -1}, "10001", []string{"wakesocket", "{wakesocket}:keys", "{wakesocket}:ages"}},
	} {
		s, err := Open("redis://127.0.0.1:1", test.options)
		if err != nil {
			t.Fatal(err)
		}
		if s.maxlen != test.maxlen || !slices.Equal(s.keys, test.keys) {
			t.Errorf("%+v: %s, %q", test.options, s.maxlen, s.keys)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := s.connections.get(t.Context()); !errors.Is(err, store.ErrClosed) {
			t.Errorf("a closed log connects: %v", err)
		}
	}
}

// What a server refuses for good ends the follower, and is told; what passes does not.
func TestWhatPassesWithoutServer(t *testing.T) {
	for text, want := range map[string]bool{
		"OOM command not allowed when used memory > 'maxmemory'.": true,
		"MISCONF Redis is configured to save RDB snapshots":       true,
		"LOADING Redis is loading the dataset in memory":          true,
		"CLUSTERDOWN The cluster is down":                         true,
		"NOPERM this user has no permissions to run 'evalsha'":    false,
		"WRONGTYPE Operation against a key of another kind":       false,
		"The user executing the script can't run this command":    false, // ERR is left out
		"OOMPH is no code that Redis has":                         false,
		"a command failed: LOADING is only a word here":           false,
	} {
		if got := passes(errors.New(text)); got != want {
			t.Errorf("%s: passes %v", text, got)
		}
	}
}

// Dials cost memory, and a server that refuses them does so at once: what many
// publishers want in vain must not become as many dials.
func TestDialsWithoutServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int32
		refuse := func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) {
			dials.Add(1)
			return nil, errors.New("refused")
		}
		c := &connections{config: rueidis.ClientOption{InitAddress: []string{"127.0.0.1:1"}, DialCtxFn: refuse, DisableCache: true}}
		_, first := c.get(t.Context())
		perDial := dials.Load()
		for range 100 {
			if _, err := c.get(t.Context()); err == nil || err.Error() != first.Error() {
				t.Fatalf("%v, then %v", first, err)
			}
		}
		if got := dials.Load(); got != perDial {
			t.Errorf("%d connections are tried at once, and %d at the first time", got, perDial)
		}
		time.Sleep(redialAfter)
		synctest.Wait() // also for what begins at this instant
		if _, err := c.get(t.Context()); err == nil || dials.Load() != 2*perDial {
			t.Errorf("after a while: %v, %d connections tried", err, dials.Load())
		}
		time.Sleep(time.Minute) // the client of Redis ends what it has begun
	})
}
