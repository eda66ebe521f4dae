package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wakesocket/wakesocket/web/store"
)

// Reading on from a place is proved, or it is a gap.
func TestPlacesWithoutServer(t *testing.T) {
	at := func(number, proof uint64) store.ID { return store.ID{Epoch: "e", Major: number, Minor: proof} }
	rows := func(numbers ...uint64) (events []store.Event) {
		for _, n := range numbers {
			events = append(events, store.Event{ID: at(n, 100+n)})
		}
		return events
	}
	bounds := store.Bounds{Base: at(5, 105), Top: at(9, 109)}
	for name, test := range map[string]struct {
		proof  uint64
		from   store.ID
		limit  int
		events []store.Event
		reason string
	}{
		"the row is there":              {107, at(7, 107), 10, rows(8, 9), ""},
		"another row has its number":    {207, at(7, 107), 10, rows(8, 9), store.Invalid},
		"its row is gone":               {0, at(7, 107), 10, rows(8, 9), store.Trimmed},
		"the next row is gone":          {107, at(7, 107), 10, rows(9), store.Trimmed},
		"a row between is gone":         {106, at(6, 106), 10, rows(7, 9), store.Trimmed},
		"all rows after it are gone":    {107, at(7, 107), 10, nil, store.Trimmed},
		"none were asked for":           {107, at(7, 107), 0, nil, ""},
		"the end":                       {109, at(9, 109), 10, nil, ""},
		"the end with another proof":    {109, at(9, 110), 10, nil, store.Invalid},
		"after the end":                 {0, at(10, 1), 10, nil, store.Future},
		"before the oldest":             {0, at(4, 104), 10, rows(6, 7, 8, 9), store.Trimmed},
		"right before the oldest":       {105, at(5, 105), 10, rows(6, 7, 8, 9), ""},
		"another epoch":                 {107, store.ID{Epoch: "f", Major: 7, Minor: 107}, 10, rows(8, 9), store.Epoch},
		"an id without a proof":         {107, at(7, 0), 10, rows(8, 9), store.Invalid},
		"a number beyond what SQL hold": {0, at(1<<64-1, 1), 10, nil, store.Future},
	} {
		found := snapshot{Bounds: bounds, limit: test.limit, proof: test.proof, events: test.events}
		got, err := found.after(test.from)
		if reason, _ := store.AsGap(err); reason != test.reason || err == nil && len(got) != len(test.events) {
			t.Errorf("%s: %d events, %v", name, len(got), err)
		}
	}
}

func TestOutcomesWithoutServer(t *testing.T) {
	for _, test := range []struct {
		err     error
		want    error
		invalid bool
	}{
		{&pgconn.PgError{Code: "22P02"}, store.ErrNotStored, true},
		{&pgconn.PgError{Code: "23514"}, store.ErrNotStored, true},
		{&pgconn.PgError{Code: "54000"}, store.ErrNotStored, true},
		{&pgconn.PgError{Code: "42501"}, store.ErrNotStored, false},
		{&pgconn.PgError{Code: "53300"}, store.ErrNotStored, false},
		{&pgconn.PgError{Code: "57P01"}, store.ErrOutcomeUnknown, false},
		{&pgconn.PgError{Code: "58030"}, store.ErrOutcomeUnknown, false},
		{&pgconn.PgError{Code: "08006"}, store.ErrOutcomeUnknown, false},
		{&pgconn.PgError{Code: "XX000"}, store.ErrOutcomeUnknown, false},
		{&pgconn.PgError{Code: "?"}, store.ErrOutcomeUnknown, false},
		{io.ErrUnexpectedEOF, store.ErrOutcomeUnknown, false},
		{context.DeadlineExceeded, store.ErrOutcomeUnknown, false},
	} {
		got := outcome(fmt.Errorf("wrapped: %w", test.err))
		if !errors.Is(got, test.want) || !errors.Is(got, test.err) || errors.Is(got, store.ErrInvalidEvent) != test.invalid {
			t.Errorf("%v: %v", test.err, got)
		}
	}
}

func TestSchemaWithoutServer(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), "postgres://127.0.0.1:1/none")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for name, good := range map[string]bool{
		"": true, "log": true, "_a1": true, strings.Repeat("a", 63): true,
		strings.Repeat("a", 64): false, "1a": false, "A": false, "a-b": false, `a"b`: false, "a.b": false, " ": false, "ä": false, "a\n": false,
	} {
		s, err := New(pool, Options{Schema: name})
		if (err == nil) != good {
			t.Errorf("schema %q: %v", name, err)
		}
		if err != nil {
			continue
		}
		schema := s.options.Schema
		if got := s.sql("select from $schema.event, '$key_window'"); got != "select from "+schema+".event, '120 seconds'" || s.options.Events != 10_000 {
			t.Errorf("schema %q: %s, %d events", name, got, s.options.Events)
		}
		for _, version := range []int{0, firstVersion, latestVersion} {
			if err := s.checkVersion(version); err != nil {
				t.Errorf("version %d: %v", version, err)
			}
		}
		for _, version := range []int{1, latestVersion + 1} {
			if s.checkVersion(version) == nil {
				t.Errorf("version %d is taken", version)
			}
		}
		s.Close()
	}
	for version := firstVersion; version <= latestVersion; version++ {
		if migrations[version] == "" {
			t.Errorf("no migration to version %d", version)
		}
	}
}
