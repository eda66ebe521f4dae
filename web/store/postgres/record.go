package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wakesocket/wakesocket/web/store"
)

var _ store.Recorder = (*Store)(nil)

// PutRecord stores a record in a table beside the log.
func (s *Store) PutRecord(ctx context.Context, name string, data []byte, keep time.Duration) (err error) {
	if err := store.CheckRecord(name, data); err != nil {
		return err
	}
	conn, err := s.connect(ctx)
	if err != nil {
		s.failed(err)
		return err
	}
	defer conn.Release()
	for _, step := range []struct {
		statement string
		arguments []any
	}{
		{`insert into $schema.record (name, at, expires, data)
			values ($1::text, clock_timestamp(), clock_timestamp() + $2::bigint * interval '1 millisecond', coalesce($3::bytea, ''))
			on conflict (name) do update set at = excluded.at, expires = excluded.expires, data = excluded.data`,
			[]any{name, keep.Milliseconds(), data}},
		// Another process may be deleting the same ones.
		{`delete from $schema.record where name in (
			select name from $schema.record where expires <= clock_timestamp()
				or name not in (select name from $schema.record order by at desc limit $1::bigint)
			for update skip locked)`,
			[]any{int64(store.MaxRecords)}},
	} {
		if _, err := conn.Exec(ctx, s.sql(step.statement), append([]any{s.mode}, step.arguments...)...); err != nil {
			s.failed(err)
			return fmt.Errorf("postgres: a record cannot be stored: %w", err)
		}
	}
	return nil
}

// Records returns the records that have not expired.
func (s *Store) Records(ctx context.Context) ([]store.Record, error) {
	conn, err := s.connect(ctx)
	if err != nil {
		s.failed(err)
		return nil, err
	}
	defer conn.Release()
	all, err := s.records(ctx, conn.Conn())
	if err != nil {
		s.failed(err)
		return nil, fmt.Errorf("postgres: the records cannot be read: %w", err)
	}
	return all, nil
}

func (s *Store) records(ctx context.Context, conn *pgx.Conn) (all []store.Record, err error) {
	rows, err := conn.Query(ctx, s.sql(`
		select name, data, (extract(epoch from clock_timestamp() - at) * 1000)::bigint
		from $schema.record where expires > clock_timestamp()`), s.mode)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r store.Record
		var age int64
		if err := rows.Scan(&r.Name, &r.Data, &age); err != nil {
			return nil, err
		}
		r.Age = time.Duration(max(0, age)) * time.Millisecond
		all = append(all, r)
	}
	return all, rows.Err()
}
