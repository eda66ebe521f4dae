//go:build nats

package stores

import (
	"errors"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

func TestOpenNATS(t *testing.T) {
	name := "file://" + t.TempDir()
	log, shut, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(name); err == nil {
		t.Error("a second process may write to the same directory")
	}
	if _, err := log.Publish(t.Context(), "cpu", []byte("1")); err != nil {
		t.Error(err)
	}
	if err := shut(); err != nil {
		t.Error(err)
	}
	if _, err := log.Publish(t.Context(), "cpu", []byte("2")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("a log that is closed takes an event: %v", err)
	}
	limited, shut, err := Open(name + "?per-topic=7")
	if err != nil || !limited.(store.TopicReader).DropsByTopic() {
		t.Errorf("a limit for each topic: %v", err)
	}
	shut()
	for _, name := range []string{"file://", "nats://[", name + "?per-topic=0", name + "?per-topic=1&per-topic=2", name + "?other=1", name + "?replicas=x", name + "?%"} {
		if log, shut, err := Open(name); err == nil || log != nil || shut != nil {
			t.Errorf("%q is accepted", name)
		}
	}
}
