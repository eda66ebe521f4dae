//go:build nats

package stores

import (
	"errors"
	"strings"
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
	sharing, shut, err := Open(name + "?per-topic=7&follow-topics=true")
	if err != nil || !sharing.(store.TopicFollower).FollowsTopics() {
		t.Errorf("only the topics that clients want: %v", err)
	}
	shut()
	for query, says := range map[string]string{
		"per-topic=0":                 "above 0",
		"per-topic=1&per-topic=2":     "once",
		"other=1":                     "none of replicas, per-topic and follow-topics",
		"replicas=x":                  "whole number",
		"%":                           "invalid URL escape",
		"per-topic=1&follow-topics=1": "true or false",
		"per-topic=1&follow-topics":   "true or false",
		"follow-topics=true":          "needs per-topic, as in ?per-topic=1000&follow-topics=true",
		"per-topic=1&replicas=3":      "a directory has one copy",
	} {
		if log, _, err := Open(name + "?" + query); err == nil || log != nil || !strings.Contains(err.Error(), says) {
			t.Errorf("?%s: %v", query, err)
		}
	}
	for _, name := range []string{"file://", "nats://["} {
		if log, shut, err := Open(name); err == nil || log != nil || shut != nil {
			t.Errorf("%q is accepted", name)
		}
	}
}
