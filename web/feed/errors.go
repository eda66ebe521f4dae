package feed

import "errors"

// Errors of a feed; test for them with [errors.Is].
var (
	// ErrClosed is returned by Publish after Close.
	ErrClosed = errors.New("feed: closed")
	// ErrTooLarge is returned by Publish for data above Options.MaxEvent.
	ErrTooLarge = errors.New("feed: event too large")
	// ErrInvalidEvent is returned by Publish for data that are not one JSON value in UTF-8.
	ErrInvalidEvent = errors.New("feed: event is not valid JSON")
	// ErrInvalidTopic is returned by Publish for a topic that is empty, too long,
	// reserved, a pattern such as "price.*", or holds control characters.
	ErrInvalidTopic = errors.New("feed: invalid topic")
)

// Errors that [Options.Authorize] returns; they may be wrapped.
var (
	// ErrUnauthorized closes with 4401: the client asks for a fresh URL and dials again.
	ErrUnauthorized = errors.New("feed: unauthorized")
	// ErrForbidden closes with 4403: the client does not try again.
	ErrForbidden = errors.New("feed: forbidden")
	// ErrUnavailable closes with 1013: the client tries again in a few seconds.
	ErrUnavailable = errors.New("feed: authorization unavailable")
)
