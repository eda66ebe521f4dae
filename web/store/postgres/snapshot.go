package postgres

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wakesocket/wakesocket/web/store"
)

// snapshot is what the log looked like at one moment.
type snapshot struct {
	store.Bounds
	limit  int    // how many events were asked for
	proof  uint64 // of the event with the number that was asked for; 0 when there is none
	events []store.Event
}

// read reads the ends of the log and the events after a number in one statement,
// so that they are of one moment. The limits tell the planner that there is one
// row of each: for the millions that it expects of new tables it would compile the
// plan, for 80 ms.
func (s *Store) read(ctx context.Context, conn *pgx.Conn, after store.ID, limit int) (snapshot, error) {
	bytes, _ := s.pages.Limits()
	began := time.Now()
	found, err := s.query(ctx, conn, int64(min(after.Major, math.MaxInt64)), limit, bytes)
	s.pages.Ended(ctx, began, err)
	return found, err
}

func (s *Store) query(ctx context.Context, conn *pgx.Conn, after int64, limit, bytes int) (found snapshot, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("postgres: the log cannot be read: %w", err)
		}
	}()
	rows, err := conn.Query(ctx, s.sql(`
		select $schema.epoch(l.epoch), l.top, coalesce(tp.proof, 0), t.base, coalesce(bp.proof, 0), coalesce(ap.proof, 0),
			e.id, e.proof, e.topic, e.data::text, e.at
		from (select * from $schema.log limit 1) l cross join (select * from $schema.trimmed limit 1) t
		left join $schema.event tp on tp.id = l.top
		left join $schema.event bp on bp.id = t.base
		left join $schema.event ap on ap.id = $1::bigint
		left join lateral (
			select * from (
				select p.*, sum(size) over (order by id) as bytes, row_number() over (order by id) as row
				from (select * from $schema.event where id > $1::bigint order by id limit $2::bigint) p
			) p where bytes <= $3::bigint or row = 1
		) e on true
		order by e.id`), s.mode, after, int64(limit), int64(bytes))
	if err != nil {
		return snapshot{}, err
	}
	defer rows.Close()
	found.limit = limit
	for rows.Next() {
		var (
			epoch                           string
			top, base                       int64
			topProof, baseProof, afterProof int32
			id                              *int64
			proof                           *int32
			topic                           *string
			data                            []byte
			at                              *time.Time
		)
		if err := rows.Scan(&epoch, &top, &topProof, &base, &baseProof, &afterProof, &id, &proof, &topic, &data, &at); err != nil {
			return snapshot{}, err
		}
		found.Top = place(epoch, top, topProof)
		found.Base = place(epoch, base, baseProof)
		found.proof = uint64(afterProof)
		if id != nil {
			found.events = append(found.events, store.Event{ID: place(epoch, *id, *proof), Topic: *topic, Data: data, Time: *at})
		}
	}
	if err := rows.Err(); err != nil {
		return snapshot{}, err
	}
	if found.Top.IsZero() {
		return snapshot{}, fmt.Errorf("table %s.log or %[1]s.trimmed is empty; drop schema %[1]s to begin a new log", s.options.Schema)
	}
	return found, nil
}

func place(epoch string, number int64, proof int32) store.ID {
	return store.ID{Epoch: epoch, Major: uint64(number), Minor: uint64(proof)}
}

// after proves that the events that were read are those after id: the event with
// its number must have its proof, and numbers have no holes, so the first must be
// the next one.
func (s snapshot) after(id store.ID) ([]store.Event, error) {
	gap := func(reason string) ([]store.Event, error) { return nil, &store.GapError{Reason: reason} }
	switch {
	case id.Epoch != s.Top.Epoch:
		return gap(store.Epoch)
	case id.Major > s.Top.Major:
		return gap(store.Future)
	case id.Major < s.Base.Major || s.proof == 0: // 0: rows were deleted by hand
		return gap(store.Trimmed)
	case id.Minor != s.proof:
		return gap(store.Invalid)
	}
	for i, event := range s.events {
		if event.ID.Major != id.Major+1+uint64(i) {
			return gap(store.Trimmed) // rows were deleted by hand
		}
	}
	if len(s.events) == 0 && id.Major < s.Top.Major && s.limit > 0 {
		return gap(store.Trimmed) // the same, at the end
	}
	return s.events, nil
}
