package session

import (
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	for want, tune := range map[string]func(*Options){
		"": func(*Options) {},
		"option heartbeat is -1000 ms; use 50 ms to 86400000 ms":                                                                                         func(o *Options) { o.Heartbeat = -time.Second },
		"option heartbeat is 1 ms; use 50 ms to 86400000 ms":                                                                                             func(o *Options) { o.Heartbeat = ms },
		"option heartbeatTimeout is 0 ms; use 50 ms to 86400000 ms":                                                                                      func(o *Options) { o.HeartbeatTimeout = 0 },
		"option visibleHeartbeat is 172800000 ms; use 50 ms to 86400000 ms":                                                                              func(o *Options) { o.VisibleHeartbeat = 48 * time.Hour },
		"option maxReconnectDelay is 500 ms, below minReconnectDelay (1000 ms); raise the one or lower the other":                                        func(o *Options) { o.MaxReconnectDelay = 500 * ms },
		"option challengeAfter is 11000 ms, above heartbeatTimeout (10000 ms); lower it, so that a second socket is dialed before the first is given up": func(o *Options) { o.ChallengeAfter = 11 * time.Second },
	} {
		opt := Defaults()
		tune(&opt)
		_, err := New(opt, nil)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What is just within the bounds is accepted.
func TestOptionsAtTheirBounds(t *testing.T) {
	for name, tune := range map[string]func(*Options){
		"the least heartbeat":              func(o *Options) { o.Heartbeat = minOption },
		"the longest heartbeat":            func(o *Options) { o.Heartbeat = maxOption },
		"the least and the longest delay":  func(o *Options) { o.MinReconnectDelay, o.MaxReconnectDelay = minOption, maxOption },
		"one delay":                        func(o *Options) { o.MaxReconnectDelay = o.MinReconnectDelay },
		"a challenge at the very last":     func(o *Options) { o.ChallengeAfter = o.HeartbeatTimeout },
		"no heartbeat":                     func(o *Options) { o.Heartbeat = 0 },
		"a first retry without any window": func(o *Options) { o.FirstRetryWindow = 0 },
	} {
		opt := Defaults()
		tune(&opt)
		if _, err := New(opt, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
