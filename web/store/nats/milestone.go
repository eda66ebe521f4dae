package nats

import (
	"context"
	"strconv"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// milestoneEvery is the time from one milestone to the next.
const milestoneEvery = time.Minute

// milestones writes milestones while the log grows, until the context ends. All
// processes name those of one time alike, so that one of them is stored.
func (s *Store) milestones(ctx context.Context) {
	if !s.DropsByTopic() {
		return
	}
	ticker := time.NewTicker(s.milestoneEvery)
	defer ticker.Stop()
	for last := uint64(0); ; {
		if written, err := s.milestone(ctx, last); err == nil {
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
func (s *Store) milestone(ctx context.Context, last uint64) (uint64, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	state, err := s.state(limited)
	if err != nil || last != 0 && state.last == last {
		return last, err
	}
	topic := store.MilestoneTopic(strconv.FormatInt(time.Now().UnixNano()/int64(s.milestoneEvery), 10))
	id, err := s.Publish(limited, topic, []byte("0"), store.IdempotencyKey(topic))
	return id.Major, err
}
