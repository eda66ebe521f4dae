package redis_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// What a server refuses is told, with what to change.
func TestRefusals(t *testing.T) {
	server, admin := own(t)
	publish(t, backend.Reopen(t, server.URL, "log", storetest.Log{}), 1)
	record := func(s store.Store) error {
		return s.(store.Recorder).PutRecord(context.Background(), "a", []byte("1"), time.Hour)
	}
	records := func(s store.Store) error {
		_, err := s.(store.Recorder).Records(context.Background())
		return err
	}
	follow := func(s store.Store) error {
		return s.Follow(context.Background(), store.ID{}, storetest.NewSink())
	}
	limited := strings.ReplaceAll(server.URL, "://", "://limited:secret@")
	for _, test := range []struct {
		rule string // of the access control list
		call func(store.Store) error
		want string // of the error, or "" when nothing is refused
	}{
		{"+@all", record, ""},
		{"+@all", records, ""},
		{"-hset", record, "a record cannot be stored"},
		{"-zrangebyscore", records, "the records cannot be read"},
		{"-xtrim", follow, "refuses to trim; permit the commands of scripts for the keys"},
	} {
		do(t, admin, "ACL", "SETUSER", "limited", "reset", "on", ">secret", "+@all", "~*", test.rule)
		err := test.call(backend.Reopen(t, limited, "log", storetest.Log{}))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("with %s: %v, where %q should be", test.rule, err, test.want)
		}
	}
	do(t, admin, "REPLICAOF", "127.0.0.1", "1")
	if err := follow(backend.Reopen(t, server.URL, "log", storetest.Log{})); err == nil || !strings.Contains(err.Error(), "the server is a replica") {
		t.Errorf("at a replica: %v", err)
	}
}

// A follower whose place is lost goes on in the new epoch by itself.
func TestFollowGoesOnAfterALostEnd(t *testing.T) {
	s, _ := backend.New(t, storetest.Log{})
	lost := publish(t, s, 1)
	lost.Major++
	ctx, cancel := context.WithCancel(context.Background())
	sink, ended := storetest.NewSink(), make(chan error)
	go func() { ended <- s.Follow(ctx, lost, sink) }()
	sink.AwaitReset(t)
	if id := publish(t, s, 2); id.Epoch == lost.Epoch {
		t.Errorf("the epoch is still %s", id.Epoch)
	}
	sink.Await(t, 1)
	cancel()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("Follow ends with %v", err)
	}
}
