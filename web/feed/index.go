package feed

import (
	"slices"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// index finds the events of a topic in the ring without a look at the others. It
// has a list for each name by which a filter can ask for one of the ring's events:
// the topics, and the patterns that match them.
type index map[string]*topicList

// topicList holds the sequence numbers of the events with one name, oldest first.
type topicList struct {
	name  string
	seqs  []uint64
	first [2]uint64 // memory for seqs: most topics have few events in the ring
}

// add notes an event under each of its names, and returns the lists that it is in.
func (x index) add(topic string, seq uint64) []*topicList {
	if len(topic) > store.MaxTopic || store.IsMilestone(topic) {
		return nil // no filter can ask for it
	}
	patterns := wire.Patterns(topic)
	lists := make([]*topicList, 1, 1+len(patterns))
	lists[0] = x.addName(topic, seq)
	for _, name := range patterns {
		if name != topic { // a topic can be spelled like its own pattern
			lists = append(lists, x.addName(name, seq))
		}
	}
	return lists
}

func (x index) addName(name string, seq uint64) *topicList {
	l := x[name]
	if l == nil {
		l = &topicList{name: name}
		l.seqs = l.first[:0]
		x[name] = l
	}
	l.seqs = append(l.seqs, seq)
	return l
}

// remove drops the oldest event of each list. The ring evicts its oldest entry
// first, and that is the first of all the lists that it is in.
func (x index) remove(lists []*topicList) {
	for _, l := range lists {
		if l.seqs = l.seqs[1:]; len(l.seqs) == 0 {
			delete(x, l.name)
		}
	}
}

// after returns what the list has from a sequence number on.
func (l *topicList) after(seq uint64) []uint64 {
	i, _ := slices.BinarySearch(l.seqs, seq)
	return l.seqs[i:]
}

// selection walks through the entries of the ring that a filter names. It is used
// under the lock of the ring.
type selection struct {
	ring    *ring
	filter  *filter
	seq     uint64     // next entry to look at
	indexed bool       // rest is used, instead of a look at each entry
	rest    [][]uint64 // what is left of each list that the filter names
}

// selectFrom chooses the cheaper way: a look at each entry up to the end of the
// ring, or the lists of the index.
func (r *ring) selectFrom(seq uint64, f *filter) selection {
	s := selection{ring: r, filter: f, seq: seq}
	if f.names == nil || r.next-seq <= uint64(len(f.names)) {
		return s
	}
	s.indexed = true
	for name := range f.names {
		if l := r.index[name]; l != nil {
			if rest := l.after(seq); len(rest) > 0 {
				s.rest = append(s.rest, rest)
			}
		}
	}
	return s
}

// next returns the sequence number of the next entry; not ok at the end of the ring.
func (s *selection) next() (seq uint64, ok bool) {
	if s.indexed {
		return s.nextListed()
	}
	for ; s.seq < s.ring.next; s.seq++ {
		if s.filter.names == nil || s.filter.has(s.ring.slot(s.seq).topic) {
			s.seq++
			return s.seq - 1, true
		}
	}
	return 0, false
}

// nextListed takes the smallest number from the lists. An event that is in more
// than one of them counts once.
func (s *selection) nextListed() (seq uint64, ok bool) {
	for _, rest := range s.rest {
		if len(rest) > 0 && (!ok || rest[0] < seq) {
			seq, ok = rest[0], true
		}
	}
	for i, rest := range s.rest {
		if len(rest) > 0 && rest[0] == seq {
			s.rest[i] = rest[1:]
		}
	}
	return seq, ok
}
