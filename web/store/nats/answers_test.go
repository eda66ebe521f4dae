package nats_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"

	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

func openAt(t *testing.T, url string, options nats.Options) *nats.Store {
	t.Helper()
	s, err := nats.Open(url, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// What is being read ends with the store, and nothing of a question is left behind.
func TestQuestionsEnd(t *testing.T) {
	t.Parallel()
	url := serverWith(t, server.Options{JetStream: true, Users: []*server.User{
		{Username: "reader", Password: "b"},
		{Username: "unheard", Password: "b", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Deny: []string{"$JS.API.DIRECT.>"}},
		}},
	}})
	as := func(user string) *nats.Store {
		return openAt(t, strings.Replace(url, "nats://", "nats://"+user+":b@", 1), nats.Options{})
	}
	s := as("reader")
	id := publish(t, s, 1)
	publish(t, s, 2)
	if got := after(t, s, id); got != "2" || nats.Asked(s) != 0 {
		t.Errorf("the log has %q, %d questions are open", got, nats.Asked(s))
	}
	s = as("unheard")
	result := make(chan error)
	go func() {
		_, err := s.After(context.Background(), id, 10)
		result <- err
	}()
	storetest.Eventually(t, "the log is read", func() bool { return nats.Asked(s) == 1 })
	s.Close()
	if err := <-result; !errors.Is(err, natsgo.ErrConnectionClosed) {
		t.Errorf("%v; want to read that the connection is closed", err)
	}
	if n := nats.Asked(s); n != 0 {
		t.Errorf("%d questions are open", n)
	}
}
