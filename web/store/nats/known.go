package nats

import (
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// known is what the server has told of the stream.
type known struct {
	epoch string    // "" when it is not known
	last  uint64    // the stream has had a message with this number
	asked time.Time // when
	lost  uint64    // how often the connection had been lost by then
}

// trust is how long the stream is taken for the one that it was. Whoever makes it anew
// or renews its epoch meanwhile does so without a word. An id with the epoch from before
// is taken for no other place, since epochs do not repeat: whoever goes on from it is told
// of a gap. An epoch that is asked for before an event is stored may be old by then, too.
const trust = store.FollowInterval

// recall returns what is known, and whether it need not be asked for again. After a lost
// connection nothing is: the server may have been restarted, and have lost its end.
func (s *Store) recall() (k known, fresh bool) {
	s.mu.Lock()
	k = s.known
	s.mu.Unlock()
	if k.lost != s.lost() {
		return known{}, false
	}
	return k, s.files != nil || time.Since(k.asked) < trust // nobody else can change a directory
}

// lost is how often the connection was lost and found again.
func (s *Store) lost() uint64 { return s.conn.Stats().Reconnects }

// learn keeps what the server has told, unless something newer is known.
func (s *Store) learn(k known) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !k.asked.Before(s.known.asked) {
		s.known = k
	}
}

// forget has the stream be asked before the next event is sent; answers that are on their
// way come too late.
func (s *Store) forget() { s.learn(known{asked: time.Now()}) }

// grown keeps the number of a message that the stream has got.
func (s *Store) grown(epoch string, last uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known.epoch == epoch {
		s.known.last = max(s.known.last, last)
	}
}
