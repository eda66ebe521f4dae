package nats

import (
	"context"
	"strconv"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// milestoneEvery is the time from one milestone to the next.
const milestoneEvery = time.Minute

// milestones writes one milestone at once, and others while the log grows, until the
// context ends. All processes name the others of one time alike, so that one is stored.
func (s *Store) milestones(ctx context.Context) {
	if !s.DropsByTopic() {
		return
	}
	ticker := time.NewTicker(s.milestoneEvery)
	defer ticker.Stop()
	name := store.NewEpoch()
	for last := uint64(0); ; name = strconv.FormatInt(time.Now().UnixNano()/int64(s.milestoneEvery), 10) {
		if written, err := s.milestone(ctx, last, name); err == nil {
			last = written
		} // else it is for the follower to find out
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// milestone writes one, unless the last one is the end of the log.
func (s *Store) milestone(ctx context.Context, last uint64, name string) (uint64, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	state, err := s.state(limited)
	if err != nil || last != 0 && state.last == last {
		return last, err
	}
	topic := store.MilestoneTopic(name)
	id, err := s.Publish(limited, topic, []byte("0"), store.IdempotencyKey(topic))
	return id.Major, err
}
