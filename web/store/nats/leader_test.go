package nats

import (
	"errors"
	"testing"
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
