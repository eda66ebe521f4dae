package feed

import (
	"context"
	"net/http"
)

// PositionHeader is the field of an HTTP response that holds the position of the
// state in its body.
const PositionHeader = "Wakesocket-Position"

// Position returns the position of the log, for a snapshot of a state: read it
// before the state, so that no event is missed. A state that is read later may
// hold some of the events after that position already, which the page gets again; that does no
// harm when events tell a value, and not a change of one. Where it would, read both
// at once: with wakesocket.position() in PostgreSQL, with redis.PositionScript in
// Redis, or under a lock that is also held to publish.
//
// It fails with [ErrClosed] or the error of the store, and takes at most
// Options.StoreTimeout.
func (f *Feed) Position(ctx context.Context) (string, error) {
	if f.isClosed() {
		return "", ErrClosed
	}
	ctx, cancel := context.WithTimeout(ctx, f.options.StoreTimeout)
	defer cancel()
	bounds, err := f.options.Store.Bounds(ctx)
	if err != nil {
		f.options.Observer.StoreFailed(operationBounds)
		return "", err
	}
	return bounds.Top.String(), nil
}

// WritePosition puts a position into the header of a response, before its body is
// written. Pages of other origins may read it, and nobody keeps the response. The
// page hands it on:
//
//	snapshot: async ({ signal }) => {
//		const response = await fetch("/state", { signal });
//		return { at: response.headers.get("Wakesocket-Position"), data: await response.json() };
//	}
func WritePosition(w http.ResponseWriter, position string) {
	header := w.Header()
	header.Set(PositionHeader, position)
	header.Add("Access-Control-Expose-Headers", PositionHeader)
	header.Set("Cache-Control", "no-store")
}
