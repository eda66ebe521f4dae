package nats

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store"
)

func TestNewLeader(t *testing.T) {
	now := time.Now()
	since := func(age time.Duration) *time.Time { at := now.Add(-age); return &at }
	peers := []*jetstream.PeerInfo{{Name: "b"}, {Name: "c"}}
	for name, test := range map[string]struct {
		cluster *jetstream.ClusterInfo
		want    bool
	}{
		"no cluster":                  {nil, false},
		"one copy":                    {&jetstream.ClusterInfo{LeaderSince: since(time.Second)}, false},
		"elected just now":            {&jetstream.ClusterInfo{LeaderSince: since(time.Second), Replicas: peers}, true},
		"elected long ago":            {&jetstream.ClusterInfo{LeaderSince: since(catchUp), Replicas: peers}, false},
		"a server that does not tell": {&jetstream.ClusterInfo{Replicas: peers}, false},
	} {
		if got := newLeader(&jetstream.StreamInfo{TimeStamp: now, Cluster: test.cluster}); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What a new leader does not have yet is no gap; what it never gets is one.
func TestNewLeaderIsNoGap(t *testing.T) {
	s, id := &Store{}, store.ID{Epoch: "e", Major: 8, Minor: 1}
	if _, err := s.after(t.Context(), state{epoch: "e", first: 1, last: 7, newLeader: true}, id, 10); !errors.Is(err, errNewLeader) {
		t.Errorf("a new leader: %v", err)
	}
	_, err := s.after(t.Context(), state{epoch: "e", first: 1, last: 7}, id, 10)
	if reason, _ := store.AsGap(err); reason != store.Future {
		t.Errorf("an old leader: %v", err)
	}
}

func TestQuorum(t *testing.T) {
	alive, silent, offline := &jetstream.PeerInfo{}, &jetstream.PeerInfo{Active: 3 * time.Second}, &jetstream.PeerInfo{Offline: true}
	for name, test := range map[string]struct {
		peers []*jetstream.PeerInfo
		want  bool
	}{
		"one copy":             {nil, true},
		"all":                  {[]*jetstream.PeerInfo{alive, alive}, true},
		"one is silent":        {[]*jetstream.PeerInfo{alive, silent}, true},
		"both are gone":        {[]*jetstream.PeerInfo{offline, silent}, false},
		"three of five":        {[]*jetstream.PeerInfo{alive, alive, offline, silent}, true},
		"two of five":          {[]*jetstream.PeerInfo{alive, offline, offline, silent}, false},
		"half is not a quorum": {[]*jetstream.PeerInfo{alive, silent, offline}, false},
	} {
		if err := quorum(&jetstream.StreamInfo{Cluster: &jetstream.ClusterInfo{Replicas: test.peers}}); (err == nil) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := quorum(&jetstream.StreamInfo{}); err != nil {
		t.Errorf("no cluster: %v", err)
	}
}

// A leader that was stopped answers with what it had, until it learns of the new one.
func TestLookTwice(t *testing.T) {
	old, now := state{epoch: "e", last: 7, copies: 3}, state{epoch: "e", last: 9, copies: 3}
	renewed := state{epoch: "f", last: 9, copies: 3}
	for name, test := range map[string]struct {
		id     store.ID
		first  state
		second state
		want   state
		took   time.Duration
	}{
		"it is there":        {store.ID{Epoch: "e", Major: 7}, old, now, old, 0},
		"a stopped leader":   {store.ID{Epoch: "e", Major: 8}, old, now, now, secondLook},
		"of another epoch":   {store.ID{Epoch: "f", Major: 7}, old, renewed, renewed, secondLook},
		"it is lost":         {store.ID{Epoch: "e", Major: 8}, old, old, old, secondLook},
		"from the beginning": {store.ID{}, old, now, old, 0},
		"one server":         {store.ID{Epoch: "e", Major: 8}, state{epoch: "e", last: 7, copies: 1}, now, state{epoch: "e", last: 7, copies: 1}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			began, asked := time.Now(), 0
			got, err := lookTwice(t.Context(), test.id, func(context.Context) (state, error) {
				if asked++; asked == 1 {
					return test.first, nil
				}
				return test.second, nil
			})
			if err != nil || got.epoch != test.want.epoch || got.last != test.want.last || time.Since(began) != test.took {
				t.Errorf("%s: %+v, %v, after %v", name, got, err, time.Since(began))
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lookTwice(ctx, store.ID{Epoch: "e", Major: 8}, func(context.Context) (state, error) { return old, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
