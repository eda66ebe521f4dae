package feed

import (
	"slices"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// Observer is told what a feed does, so that it can be counted; package
// [github.com/wakesocket/wakesocket/web/feed/metrics] is one for Prometheus. Its
// methods are called concurrently and must return at once. Every string is one of
// the fixed lists of this package: nothing that a client sends gets here.
//
// An implementation embeds [NoObserver], so that methods added later do not break it.
type Observer interface {
	// EventsRead counts events that came from the log.
	EventsRead(n int)
	// EventsSent counts events that were sent to clients.
	EventsSent(n int)
	// Connected counts a client that was let in; resume is one of [Resumes].
	Connected(resume string)
	// Disconnected counts a client that is gone; cause is one of [Causes].
	Disconnected(cause string)
	// DropReported counts a drop that a client reports when it is back; cause is
	// one of [wire.Causes].
	DropReported(cause string)
	// Refused counts a client that was not let in; reason is one of [Refusals].
	Refused(reason string)
	// MessageRefused counts a message of a client that was not accepted; code is one
	// of [wire.ErrorCodes].
	MessageRefused(code string)
	// LogLive tells whether the feed has everything that is in its log; clients are
	// told the same. It is called when that changes.
	LogLive(live bool)
	// StoreFailed counts a failure of the store; operation is one of [Operations].
	StoreFailed(operation string)
}

// NoObserver is an [Observer] that does nothing.
type NoObserver struct{}

func (NoObserver) EventsRead(int)        {}
func (NoObserver) EventsSent(int)        {}
func (NoObserver) Connected(string)      {}
func (NoObserver) Disconnected(string)   {}
func (NoObserver) DropReported(string)   {}
func (NoObserver) Refused(string)        {}
func (NoObserver) MessageRefused(string) {}
func (NoObserver) LogLive(bool)          {}
func (NoObserver) StoreFailed(string)    {}

// Resumes lists how a client can begin: without an id, right after its id, or
// after a gap.
func Resumes() []string {
	return []string{resumeFresh, resumeExact, "gap_" + wire.GapTrimmed, "gap_" + wire.GapEpoch,
		"gap_" + wire.GapFuture, "gap_" + wire.GapInvalid}
}

const (
	resumeFresh = "fresh"
	resumeExact = "exact"
)

// Causes lists why a connection can end; "left" alone is not a drop.
func Causes() []string { return slices.Clone(causes) }

// Refusals lists why a client can be refused.
func Refusals() []string {
	return []string{refusedDraining, refusedRate, refusedOrigin, refusedUnauthorized, refusedForbidden,
		refusedFull, refusedAddress, refusedQuery, refusedStore,
		refusedHook, refusedMiddleware}
}

const (
	refusedDraining     = "draining"     // the feed is draining or closed
	refusedRate         = "rate"         // more than AcceptRate
	refusedOrigin       = "origin"       // the page of another site
	refusedUnauthorized = "unauthorized" // by Authorize, 4401
	refusedForbidden    = "forbidden"    // by Authorize, 4403
	refusedFull         = "full"         // more than MaxClients
	refusedAddress      = "address"      // more than MaxPerAddress
	refusedQuery        = "query"        // the query string cannot be used
	refusedStore        = "store"        // the log cannot be read
	refusedHook         = "hook"         // Authorize or Topics failed
	refusedMiddleware   = "middleware"   // a wrapper hides the connection, 501
)

// Operations lists what the feed asks of its store.
func Operations() []string {
	return []string{operationPublish, operationFollow, operationAfter, operationBounds, operationRecords}
}

const (
	operationPublish = "publish"
	operationFollow  = "follow"
	operationAfter   = "after"
	operationBounds  = "bounds"
	operationRecords = "records"
)
