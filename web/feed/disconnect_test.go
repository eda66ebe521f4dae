package feed

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// A user whose rights end while the process drains does not stay until its turn comes.
func TestDisconnectDuringADrain(t *testing.T) {
	s := serve(t, Options{Authorize: func(r *http.Request) (*Grant, error) {
		return &Grant{User: r.URL.Query().Get("user")}, nil
	}}).ready()
	ends := make(chan int, 5)
	for range cap(ends) {
		bob := s.knowing("", "user=bob")
		go func() { ends <- int(bob.closed().Code) }()
	}
	ctx, cancel := context.WithCancel(t.Context())
	drained := make(chan error, 1)
	go func() { drained <- s.Drain(ctx, time.Hour) }() // one of the five goes at once, the others much later
	codes := map[int]int{<-ends: 1}
	if err := s.Disconnect(t.Context(), Target{User: "bob"}); err != nil {
		t.Fatal(err)
	}
	for range cap(ends) - 1 {
		codes[<-ends]++
	}
	if codes[wire.CloseRestart] != 1 || codes[wire.CloseUnauthorized] != 4 {
		t.Errorf("close codes %v", codes)
	}
	cancel()
	if err := <-drained; err == nil {
		t.Error("the drain has ended before its window")
	}
}
