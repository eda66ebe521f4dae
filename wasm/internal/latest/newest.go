package latest

import (
	"container/list"

	"github.com/wakesocket/wakesocket/wasm/internal/position"
)

// Counts are how many events of topics the server of one connection has counted.
type Counts struct {
	name   string           // counts of the same name can be compared
	topics map[string]int64 // up to the newest event that came
}

// Newest takes the newest events that servers choose. Two connections may bring the
// same ones while one takes the place of the other: each comes once, and never an
// older one after a newer one.
type Newest struct {
	// Since: of every such topic the program has the newest event up to this
	// position; "" before there was a server that knows it.
	Since string
	// Chosen: the last server chooses the newest events.
	Chosen bool

	known map[string]*list.Element // by topic, of a known
	order list.List                // those that have changed longest ago come first
}

type known struct {
	topic, id, counts string
	count             int64 // 0 when it is not known
}

// maxTopics is of how many topics the newest events are known. Those that have changed
// longest ago are forgotten.
const maxTopics = 20_000

// Choice is an event that the server has chosen, as its frame says.
type Choice struct {
	Topic, ID      string
	Skipped, Count int64
}

// NewNewest is for a program that has the newest events up to a position.
func NewNewest(since string) *Newest {
	return &Newest{Since: since, known: map[string]*list.Element{}}
}

// Hello takes what the hello of a connection says: the name of the server's counts,
// "" when it does not know of newest events, and where the connection begins. Wanted
// says whether any are. Counts are nil when the server does not know of them. Lost is
// the position after which newest events are missing, which such a server does not
// send; "" for none.
func (n *Newest) Hello(counts, at string, wanted bool) (c *Counts, lost string) {
	if n.Chosen = counts != ""; n.Chosen {
		if n.Since == "" {
			n.Since = at
		}
		return &Counts{name: counts, topics: map[string]int64{}}, ""
	}
	since := n.Since
	n.Since = ""
	if since == "" || !wanted || since == at {
		return nil, ""
	}
	return nil, since
}

// Take tells whether the program does not have an event of a connection, and how many
// were passed over for it.
func (n *Newest) Take(c *Counts, e Choice) (skipped int64, isNew bool) {
	count, counted := c.topics[e.Topic]
	if counted {
		count += e.Skipped + 1
	} else {
		count = e.Count
	}
	if count > 0 {
		c.topics[e.Topic] = count
	}
	skipped = e.Skipped
	if had := n.known[e.Topic]; had != nil {
		old := had.Value.(known)
		if r := position.Relate(e.ID, old.id, true); r == position.Before || r == position.Same {
			return 0, false
		}
		if old.count > 0 && count > 0 && old.counts == c.name {
			skipped = count - old.count - 1
		}
		n.order.Remove(had)
	}
	n.known[e.Topic] = n.order.PushBack(known{e.Topic, e.ID, c.name, count})
	if n.order.Len() > maxTopics {
		delete(n.known, n.order.Remove(n.order.Front()).(known).topic)
	}
	return max(0, skipped), true
}

// Moved says up to where everything was sent, and the program has got it.
func (n *Newest) Moved(to string) {
	if to != "" && position.Relate(to, n.Since, true) != position.Before {
		n.Since = to
	}
}

// Restart says that the program has the state at a position, and nothing after it.
func (n *Newest) Restart(at string) {
	if n.Since != "" { // else the next hello says it
		n.Since = at
	}
	clear(n.known)
	n.order.Init()
}
