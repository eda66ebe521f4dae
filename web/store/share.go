package store

import "context"

// TopicFollower is a [TopicReader] that can follow some topics only, so that a process
// reads its share of the log, and not all of it.
type TopicFollower interface {
	TopicReader
	// FollowsTopics reports whether the store is set to do so. If not, FollowTopics is not
	// to be called.
	FollowsTopics() bool

	// FollowTopics is Follow for the topics of a share, which may change meanwhile. It
	// appends milestones and what has the topic [ControlTopic], too, whatever the share. When
	// the log has grown and the share has nothing of it, a milestone is written within
	// [FollowInterval]: so the sink knows that it has everything up to there.
	FollowTopics(ctx context.Context, from ID, share Share, sink ShareSink) error
}

// Share is what a process wants to follow.
type Share interface {
	// Names are the topics and patterns (see wire.MatchTopic); all stands for every topic.
	Names() (names []string, all bool)
	// Changed gets a value when Names may return something else.
	Changed() <-chan struct{}
}

// ShareSink is the reader's end of [TopicFollower.FollowTopics].
type ShareSink interface {
	Sink
	// Share says that what is appended from now on are the events with one of the names, or
	// all of them, that come after at. Of the names before it was given every event up to
	// there. After a Reset nothing is appended before Share is called.
	Share(names []string, all bool, at ID)
}

// ControlTopic is reserved for what feeds over the same store tell each other. No client
// gets its events.
const ControlTopic = "wakesocket.control"
