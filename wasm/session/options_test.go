package session

import (
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	for want, tune := range map[string]func(*Options){
		"": func(*Options) {},
		"option heartbeat is -1000 ms; use 50 ms to 86400000 ms":                                    func(o *Options) { o.Heartbeat = -time.Second },
		"option heartbeat is 1 ms; use 50 ms to 86400000 ms":                                        func(o *Options) { o.Heartbeat = ms },
		"option timeout is 0 ms; use 50 ms to 86400000 ms":                                          func(o *Options) { o.Timeout = 0 },
		"option attentive is 172800000 ms; use 50 ms to 86400000 ms":                                func(o *Options) { o.Attentive = 48 * time.Hour },
		"option backoffCap is 500 ms, below backoffBase (1000 ms); raise the cap or lower the base": func(o *Options) { o.BackoffCap = 500 * ms },
		"option suspect is 11000 ms, above timeout (10000 ms); a suspicion comes before the end":    func(o *Options) { o.Suspect = 11 * time.Second },
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
