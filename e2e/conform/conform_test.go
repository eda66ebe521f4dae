package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

func check(t *testing.T, address string, o options) *report {
	t.Helper()
	var err error
	if o.url, err = url.Parse(strings.Replace(address, "http", "ws", 1)); err != nil {
		t.Fatal(err)
	}
	o.patience = max(o.patience, time.Second)
	r, err := conform(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The server that the broken ones are made from keeps every rule.
func TestServerThatKeepsTheRules(t *testing.T) {
	t.Parallel()
	s := &server{keeps: 80, size: 17_000}
	r := check(t, serve(t, s), options{keeps: s.keeps, refused: "token=expired", restart: s.restart})
	expectAll(t, r)
}

// A server that breaks a rule is found out, and for that rule.
func TestServersThatBreakARule(t *testing.T) {
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			t.Parallel()
			s := &server{fault: rule.name, keeps: 60, size: 20}
			patience := time.Second
			switch rule.name {
			case "parts":
				s.size = 40_000
			case "slow":
				s.size = 400_000
				patience = 4 * time.Second // a busy machine takes long to fill the buffers on the way
			}
			r := check(t, serve(t, s), options{keeps: s.keeps, refused: "token=expired", restart: s.restart, patience: patience})
			if r.broken[rule.name] == "" {
				t.Errorf("not found; found were %v", r.broken)
			}
		})
	}
}

// Our own feed keeps every rule.
func TestFeed(t *testing.T) {
	t.Parallel()
	var mounted atomic.Pointer[feed.Feed]
	restart := func() error {
		f, err := feed.New(feed.Options{
			Store:     memory.New(memory.Options{Events: 80}),
			Ring:      40,
			Authorize: authorize,
			Logger:    slog.New(slog.DiscardHandler),
		})
		if err == nil {
			if old := mounted.Swap(f); old != nil {
				old.Close()
			}
		}
		return err
	}
	if err := restart(); err != nil {
		t.Fatal(err)
	}
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { mounted.Load().ServeHTTP(w, r) }))
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(period):
				mounted.Load().Publish(context.Background(), []string{"cpu", "disk"}[n%2], fmt.Appendf(nil, `{"n":%d,"x":%q}`, n, strings.Repeat("é", 8500)))
			}
		}
	})
	t.Cleanup(func() {
		close(stop)
		running.Wait()
		mounted.Load().Close()
		hs.Close()
	})
	expectAll(t, check(t, hs.URL, options{keeps: 80, refused: "token=expired", restart: restart}))
}

func authorize(r *http.Request) (*feed.Grant, error) {
	if r.URL.Query().Get("token") == "expired" {
		return nil, feed.ErrUnauthorized
	}
	return nil, nil
}

// expectAll wants every rule checked, and none broken; some may have had no occasion.
func expectAll(t *testing.T, r *report, without ...string) {
	t.Helper()
	for rule, how := range r.broken {
		t.Errorf("%s: %s", rule, how)
	}
	for _, rule := range rules {
		if !r.checked[rule.name] && !slices.Contains(without, rule.name) {
			t.Errorf("%s was not checked: %s", rule.name, r.skipped[rule.name])
		}
	}
}
