package wire

import (
	"errors"
	"strconv"
	"strings"
)

// Latest says of which topics and patterns a client wants only the newest events,
// and how often at most: ms between two events of one topic. A name in it is one of
// the client's topics as well, so that a server which does not know Latest sends all
// events of it. Where several names stand for a topic, the most specific one decides.
type Latest map[string]int64

// Bounds of a value of [Latest], in ms.
const (
	LeastEvery = 10
	MostEvery  = 3_600_000
)

// Check says what is wrong with the values, and with names that are none of the
// topics.
func (l Latest) Check(topics []string) error {
	named := make(map[string]bool, len(topics))
	for _, name := range topics {
		named[name] = true
	}
	for name, every := range l {
		switch {
		case !named[name]:
			return errors.New(`"latest" names "` + name + `", which is none of the topics beside it`)
		case every < LeastEvery || every > MostEvery:
			return errors.New(`"latest" of "` + name + `" is ` + strconv.FormatInt(every, 10) + ` ms; it must be from ` +
				strconv.Itoa(LeastEvery) + ` to ` + strconv.Itoa(MostEvery) + `. For every event leave it out`)
		}
	}
	return nil
}

// ParseLatest reads the values of [QueryLatest]: each is the time in ms, a comma and
// the name, as in "250,price.*".
func ParseLatest(values []string) (Latest, error) {
	if len(values) == 0 {
		return nil, nil
	}
	l := make(Latest, len(values))
	for _, value := range values {
		every, name, _ := strings.Cut(value, ",")
		ms, err := strconv.ParseInt(every, 10, 64)
		if _, again := l[name]; err != nil || name == "" || again {
			return nil, errors.New(`"latest" must be milliseconds, a comma and a name, once for each name, as in "250,price.*"`)
		}
		l[name] = ms
	}
	return l, nil
}

// LatestEvents carries the newest events of topics that [Latest] names. They move no
// cursor. An event has Skipped when others of its topic were passed over since the
// one before it, on this connection or the previous one. The first event of a topic
// on a connection may have Count: it is that many events of the topic since the
// server began to count. Where the hello of the previous connection named the same
// counts, the client knows from it exactly how many were passed over.
type LatestEvents[Event any] struct {
	Kind   string  `json:"wakesocket"` // [KindLatest]
	Events []Event `json:"events"`
	// Position: of every topic the newest event up to here was sent. The client
	// gives it as [QuerySince] when it comes back. "" leaves it as it was.
	Position string `json:"at,omitempty"`
	Gap      *Gap   `json:"gap,omitempty"` // newest events that cannot be had any more
}
