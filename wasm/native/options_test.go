package native

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAddressesThatCannotWork(t *testing.T) {
	for _, text := range []string{"", "localhost:8080/feed", "127.0.0.1:8080/feed", "ftp://x/", "http://", "/feed", "ws://[::1", "nats://x:1", "wss:///feed", "ws://a b/", "ws://:80/", "ws://a/?x=%zz"} {
		if c, err := New(Options{URL: text}); err == nil {
			c.Close()
			t.Errorf("%q was accepted", text)
		} else if !strings.HasPrefix(err.Error(), "native: Options.URL: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"ws://a", "wss://a:1/b?c=d", "http://[::1]:80/", "https://user:pw@a/#f"} {
		if _, err := New(Options{URL: text}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	resolve := func(context.Context, bool) (string, error) { return "", nil }
	for want, o := range map[string]Options{
		"both set":                   {URL: "ws://a", Resolve: resolve},
		"must not be negative":       {URL: "ws://a", MaxLag: -1},
		"not be negative":            {URL: "ws://a", Buffer: -1},
		"be negative":                {URL: "ws://a", MaxRefusals: -1},
		"heartbeatTimeout":           {URL: "ws://a", HeartbeatTimeout: time.Nanosecond},
		"option maxReconnectDelay":   {URL: "ws://a", MinReconnectDelay: time.Hour},
		"challengeAfter is 20000 ms": {URL: "ws://a", ChallengeAfter: 20 * time.Second},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "native: ") {
			t.Errorf("%v; want %q", err, want)
		}
	}
	c, err := New(Options{Resolve: resolve})
	if err != nil {
		t.Fatal(err)
	}
	//lint:ignore SA1012 a nil context is what is tested
	if err := c.Start(nil); err == nil {
		t.Error("a nil context was accepted")
	}
	c.Close()
}

func TestDefaults(t *testing.T) {
	client := &http.Client{Timeout: time.Second}
	o, err := Options{URL: "ws://a", HTTPClient: client}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	if o.MaxLag != 10*time.Second || o.Buffer != 4096 || o.MaxRefusals != 3 {
		t.Errorf("%+v", o)
	}
	if o.HTTPClient == client || o.HTTPClient.Timeout != 0 || client.Timeout != time.Second {
		t.Error("the caller's HTTP client is changed, or its timeout used")
	}
	s := o.session()
	if s.Heartbeat != 25*time.Second || s.HeartbeatTimeout != 10*time.Second || !s.Visible || !s.Online {
		t.Errorf("%+v", s)
	}
	o = Options{Heartbeat: -1, HeartbeatTimeout: 1, QuietHeartbeat: 2, ChallengeAfter: 3, MinReconnectDelay: 4, MaxReconnectDelay: 5, MinUptime: 6, ConnectTimeout: 7, FirstRetryWindow: 8, After: "x"}
	s = o.session()
	if s.Heartbeat != 0 || s.HeartbeatTimeout != 1 || s.VisibleHeartbeat != 2 || s.ChallengeAfter != 3 || s.MinReconnectDelay != 4 ||
		s.MaxReconnectDelay != 5 || s.MinUptime != 6 || s.ConnectTimeout != 7 || s.FirstRetryWindow != 8 || s.After != "x" {
		t.Errorf("%+v", s)
	}
}
