//go:build !nats

package stores

import (
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	for _, name := range []string{"memory", "redis://127.0.0.1:1", "rediss://127.0.0.1:1", "postgres://a@127.0.0.1:1/b", "postgresql://127.0.0.1:1"} {
		log, shut, err := Open(name)
		if err != nil || log == nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := shut(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "mysql://x", "redis", "file", "redis://[", "postgres://%zz", "Memory"} {
		if log, _, err := Open(name); err == nil || log != nil {
			t.Errorf("%q is accepted", name)
		}
	}
}

// A program without NATS says how to get one with it.
func TestOpenWithoutNATS(t *testing.T) {
	for _, name := range []string{"file:///tmp/log", "nats://127.0.0.1:4222"} {
		if _, _, err := Open(name); err == nil || !strings.Contains(err.Error(), "make run ARGS='-store "+name+"'") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
