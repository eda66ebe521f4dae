package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/native"
)

// program is the Go client on a site: the same session as in the browser, for
// what would take too many browsers.
type program struct {
	*site
	t      testing.TB
	client *native.Client

	mu      sync.Mutex
	numbers []int
	gaps    []native.Gap
	errors  []error
	changed chan struct{} // closed and replaced when an event comes in
}

// program connects one and waits until it has had an event.
func (s *site) program(t testing.TB, authority *identity, tune func(*native.Options)) *program {
	t.Helper()
	p := &program{site: s, t: t, changed: make(chan struct{})}
	opt := native.Options{URL: s.url, OnEvent: p.hear,
		OnGap:   func(_ *native.Client, g native.Gap) { p.mu.Lock(); p.gaps = append(p.gaps, g); p.mu.Unlock() },
		OnError: func(_ *native.Client, err error) { p.mu.Lock(); p.errors = append(p.errors, err); p.mu.Unlock() },
	}
	if authority != nil {
		opt.HTTPClient = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.authority}}}
	}
	if tune != nil {
		tune(&opt)
	}
	client, err := native.Connect(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	p.client = client
	if err := poll(10*time.Second, p.live); err != nil {
		t.Fatal(err)
	}
	p.awaitEvent(s.publish(), soon)
	return p
}

func (p *program) live() error {
	if state := p.client.State(); !state.Live() {
		return fmt.Errorf("the program's state is %v", state)
	}
	return nil
}

func (p *program) hear(_ *native.Client, e native.Event) {
	var data struct {
		N int `json:"n"`
	}
	err := json.Unmarshal(e.Data, &data)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.errors = append(p.errors, err)
	}
	p.numbers = append(p.numbers, data.N)
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *program) awaitEvent(n int, limit time.Duration) {
	p.t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		p.mu.Lock()
		there, changed := len(p.numbers) > 0 && p.numbers[len(p.numbers)-1] >= n, p.changed
		p.mu.Unlock()
		if there {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			p.t.Fatalf("event #%d did not come within %v", n, limit)
		}
	}
}

// healed asserts what world.healed does.
func (p *program) healed(limit time.Duration) {
	p.t.Helper()
	p.awaitEvent(p.publish(), limit)
	if err := poll(limit, p.live); err != nil {
		p.t.Error(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	if err := p.proxy.AwaitLive(ctx, 1); err != nil {
		p.t.Errorf("%d live sockets, want 1: %v", p.proxy.Live(), err)
	}
	p.awaitEvent(p.publish(), soon)
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, n := range p.numbers {
		if n != p.numbers[0]+i {
			p.t.Errorf("event #%d came where #%d was due", n, p.numbers[0]+i)
			break
		}
	}
	if len(p.gaps) > 0 || len(p.errors) > 0 {
		p.t.Errorf("gaps %v, errors %v", p.gaps, p.errors)
	}
}
