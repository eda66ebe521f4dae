package redis_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/redis"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// multi runs commands in one transaction and returns their answers.
func multi(t *testing.T, client rueidis.Client, commands ...[]string) []rueidis.RedisMessage {
	t.Helper()
	all := []rueidis.Completed{client.B().Multi().Build()}
	for _, words := range commands {
		all = append(all, client.B().Arbitrary(words...).Build())
	}
	all = append(all, client.B().Exec().Build())
	var answers []rueidis.RedisMessage
	err := client.Dedicated(func(c rueidis.DedicatedClient) (err error) {
		results := c.DoMulti(context.Background(), all...)
		answers, err = results[len(results)-1].ToArray()
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return answers
}

// The position is that of the store itself, whatever the newest entry is.
func TestPosition(t *testing.T) {
	s, key := backend.New(t, storetest.Log{})
	client := connect(t, backend.URL())
	position := func() string {
		t.Helper()
		text, err := client.Do(context.Background(), client.B().Eval().Script(redis.PositionScript).Numkeys(1).Key(key).Build()).ToString()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if _, err := client.Do(context.Background(), client.B().Eval().Script(redis.PositionScript).Numkeys(1).Key(key).Build()).ToString(); err == nil || !strings.Contains(err.Error(), key+" has no log yet; a feed must have used it before") {
		t.Fatalf("a stream that does not exist: %v", err)
	}
	check := func(what string) {
		t.Helper()
		if got, want := position(), top(t, s).String(); got != want {
			t.Errorf("%s: the position is %s, the log is at %s", what, got, want)
		}
	}
	top(t, s)
	check("an empty log")
	for n := range 20 {
		publish(t, s, n)
		check("an event")
	}
	for range 3 { // several in one millisecond
		multi(t, client, []string{"XADD", key, "*", "topic", "t", "data", "1"}, []string{"XADD", key, "*", "topic", "t", "data", "2"})
		check("two entries at once")
	}
	multi(t, client, []string{"XADD", key, "*", "other", "x"})
	check("an entry that is no event")
	multi(t, client, []string{"XADD", key, "*", "topic", "t", "data", "1"}, []string{"XTRIM", key, "MAXLEN", "0"})
	check("all was trimmed")
}

// A counter and its events change in one MULTI, and so are read.
func TestSnapshotUnderFire(t *testing.T) {
	s, key := backend.New(t, storetest.Log{Events: 100_000})
	client := connect(t, backend.URL())
	top(t, s)
	var writing sync.WaitGroup
	for writer := range 8 {
		writing.Go(func() {
			for n := range 50 {
				add := fmt.Sprint(writer*100 + n)
				multi(t, client, []string{"INCRBY", key + ":sum", add}, []string{"XADD", key, "*", "topic", "t", "data", add})
			}
		})
	}
	type snapshot struct {
		at  string
		sum int64
	}
	var snapshots []snapshot
	for range 100 {
		answers := multi(t, client, []string{"EVAL", redis.PositionScript, "1", key}, []string{"INCRBY", key + ":sum", "0"})
		if len(answers) != 2 {
			t.Fatalf("%d answers", len(answers))
		}
		at, err1 := answers[0].ToString()
		sum, err2 := answers[1].ToInt64()
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		snapshots = append(snapshots, snapshot{at, sum})
	}
	writing.Wait()
	total, err := client.Do(context.Background(), client.B().Get().Key(key+":sum").Build()).AsInt64()
	if err != nil {
		t.Fatal(err)
	}
	for _, snapshot := range snapshots {
		id, ok := store.ParseID(snapshot.at)
		if !ok {
			t.Fatalf("%q is no position", snapshot.at)
		}
		sum := snapshot.sum
		events, err := s.After(context.Background(), id, 1000)
		if err != nil {
			t.Fatalf("after %s: %v", snapshot.at, err)
		}
		for _, event := range events {
			var add int64
			if err := json.Unmarshal(event.Data, &add); err != nil {
				t.Fatal(err)
			}
			sum += add
		}
		if sum != total {
			t.Fatalf("the snapshot at %s with its events makes %d, want %d", snapshot.at, sum, total)
		}
	}
}
