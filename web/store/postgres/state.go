package postgres

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/wakesocket/wakesocket/web/store"
)

// state is what the log looked like in one snapshot.
type state struct {
	store.Bounds
	events []store.Event
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// look reads the ends of the log and the events behind a number in one statement,
// so that they are of one snapshot. The limits tell the planner that there is one
// row of each: for the millions that it expects of new tables it would compile the
// plan, for 80 ms.
func (s *Store) look(ctx context.Context, db querier, after uint64, limit int) (state, error) {
	rows, err := db.Query(ctx, s.sql(`
		select $schema.epoch(l.epoch), l.top, t.base, e.id, e.topic, e.data::text
		from (select * from $schema.log limit 1) l cross join (select * from $schema.trimmed limit 1) t
		left join lateral (
			select id, topic, data from $schema.event where id > $1 order by id limit $2
		) e on true
		order by e.id`), int64(min(after, math.MaxInt64)), limit)
	if err != nil {
		return state{}, fmt.Errorf("postgres: the log cannot be read: %w", err)
	}
	defer rows.Close()
	var found state
	for rows.Next() {
		var (
			epoch     string
			top, base int64
			id        *int64
			topic     *string
			data      []byte
		)
		if err := rows.Scan(&epoch, &top, &base, &id, &topic, &data); err != nil {
			return state{}, fmt.Errorf("postgres: the log cannot be read: %w", err)
		}
		found.Top = store.ID{Epoch: epoch, Major: uint64(top)}
		found.Base = store.ID{Epoch: epoch, Major: uint64(base)}
		if id != nil {
			found.events = append(found.events, store.Event{ID: store.ID{Epoch: epoch, Major: uint64(*id)}, Topic: *topic, Data: data})
		}
	}
	if err := rows.Err(); err != nil {
		return state{}, fmt.Errorf("postgres: the log cannot be read: %w", err)
	}
	if found.Top.IsZero() {
		return state{}, fmt.Errorf("postgres: the table %s.log is empty", s.options.Schema)
	}
	return found, nil
}

// after proves that the events that were read are those behind id: numbers have
// no holes, so the first must be the next one.
func (s state) after(id store.ID) ([]store.Event, error) {
	gap := func(reason string) ([]store.Event, error) { return nil, &store.GapError{Reason: reason} }
	switch {
	case id.Epoch != s.Top.Epoch:
		return gap(store.Epoch)
	case id.Minor != 0:
		return gap(store.Invalid)
	case id.Major > s.Top.Major:
		return gap(store.Future)
	case id.Major < s.Base.Major:
		return gap(store.Trimmed)
	}
	for i, event := range s.events {
		if event.ID.Major != id.Major+1+uint64(i) {
			return gap(store.Trimmed) // rows were deleted by hand
		}
	}
	if len(s.events) == 0 && id.Major < s.Top.Major {
		return gap(store.Trimmed)
	}
	return s.events, nil
}
