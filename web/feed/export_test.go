package feed

import "github.com/wakesocket/wakesocket/web/store"

// NewDividedLog is a log in memory that keeps so many events of each topic. Open gives it
// as one more process that follows its share sees it.
func NewDividedLog(limit int) (log store.Store, open func() store.Store) {
	l := newThinned(limit)
	l.milestone()
	return l, func() store.Store { return &divided{thinned: l} }
}
