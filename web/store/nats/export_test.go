package nats

import (
	"time"

	"github.com/nats-io/nats.go"
)

// SetMilestoneEvery changes how often a store that is followed later writes milestones.
func SetMilestoneEvery(s *Store, d time.Duration) { s.milestoneEvery = d }

// Age makes what a store knows of the stream so old that it is asked for again.
func Age(s *Store) { s.known.asked = s.known.asked.Add(-2 * trust) }

// Remember is what a store is told of an epoch long ago.
func Remember(s *Store, epoch string) {
	s.known = known{epoch: epoch, asked: time.Now().Add(-2 * trust)}
}

// Asked is how many questions have not had their whole answer.
func Asked(s *Store) int {
	s.answers.mu.Lock()
	defer s.answers.mu.Unlock()
	return len(s.answers.open)
}

// Conn is the connection of the store, for what other programs publish.
func (s *Store) Conn() *nats.Conn { return s.conn }

// Reduce is what a consumer is made with for some names.
var Reduce = reduce
