package main

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/lab"
)

var everyClient = flag.Bool("all", false, "test the lab with every client, about four minutes; else with one")

// The lab finds other people's clients in the page, a worker, an iframe, an iframe of
// another host and on another host, after a login: each is a row of its own, and is
// back after a reset.
//
//	go test -run Places . -all -v
func TestPlaces(t *testing.T) {
	if _, err := os.Stat(modules + "/graphql-ws"); errors.Is(err, fs.ErrNotExist) {
		t.Fatal("the clients are missing: run `npm ci --ignore-scripts` in e2e/peers, as `make test` does")
	}
	for _, c := range append(clients[1:len(clients):len(clients)], requests...) {
		if !*everyClient && c.name != "socket.io-client, by default" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			s, err := open(c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.close)
			testPlaces(t, s.url+"places")
		})
	}
}

func testPlaces(t *testing.T, page string) {
	l, err := lab.Open(lab.Options{Page: page, Steps: []lab.Step{lab.Click("button")}, Watch: 20 * time.Second, Settle: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	for _, tr := range lab.Trials {
		if tr.Name != "the link is reset" {
			continue
		}
		outcomes, err := l.Try(tr)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]int{}
		for _, o := range outcomes {
			kind, _, _ := strings.Cut(o.Context, " ")
			if found[kind]++; strings.Contains(o.URL, "localhost") {
				found["other host"]++
			}
			t.Logf("%s %s in %s: back after %v, %d dials", o.Kind, o.Name, o.Context, o.Back(), o.Dials)
			if faults := o.Faults(tr, 20*time.Second); len(faults) > 0 || o.Skipped != "" {
				t.Errorf("%s in %s: %q, skipped %q (%+v)", o.Name, o.Context, faults, o.Skipped, o)
			}
		}
		// In the page: its own client and those of two iframes of its host.
		if len(outcomes) != 5 || found["page"] != 3 || found["worker"] != 1 || found["iframe"] != 1 || found["other host"] != 2 {
			t.Errorf("rows %v", found)
		}
	}
}
