package store

import (
	"context"
	"strings"
)

// TopicReader is a [Store] that can keep so many events of each topic, and no more. It
// then drops events in the middle of its log, so that a busy topic does not push out
// the events of others. [Store.After] and Follow report each of these holes as a gap.
// For a reader of some topics AfterTopics knows better.
type TopicReader interface {
	// DropsByTopic reports whether the store is set to do so. If not, AfterTopics is not
	// to be called. If it is, and the log has holes, Bounds may say that Base is Top.
	DropsByTopic() bool

	// AfterTopics reads the events that follow id and have one of the names, which are
	// topics and patterns (see wire.MatchTopic). It fails with a [GapError] when it cannot
	// prove the place of id, or that no event of these topics was dropped after it. The
	// caller may know that the log has had id in this epoch; that its event is gone is no
	// gap then.
	//
	// From a zero id it reads what the log still has of the topics, without a proof.
	AfterTopics(ctx context.Context, id ID, names []string, limit int, known bool) (TopicPage, error)
}

// TopicPage is what [TopicReader.AfterTopics] has read.
type TopicPage struct {
	Events  []Event
	Through ID // the log has no other events of the topics up to this one; the same as id at the end of the log
}

// milestone is the begin of the topics of milestones.
const milestone = "wakesocket.milestone."

// MilestoneTopic is the topic of a milestone: an event that a [TopicReader] writes into
// its log now and then, each with a topic of its own, so that it is not dropped when the
// events around it are. It proves the place of a reader whose topics are quiet. Nobody
// is sent it.
func MilestoneTopic(number string) string { return milestone + number }

// IsMilestone reports whether the topic is one of [MilestoneTopic].
func IsMilestone(topic string) bool { return strings.HasPrefix(topic, milestone) }
