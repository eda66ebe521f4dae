package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wakesocket/wakesocket/web/store"
)

// migrations are the steps from one version of the schema to the next, by the
// version that they lead to; a step that was ever released is never changed. There
// is none from version 1, which was never released.
var migrations = map[int]string{2: version2, 3: version3, 4: version4}

const (
	firstVersion  = 2
	latestVersion = 4
)

//go:embed version2.sql
var version2 string

//go:embed version3.sql
var version3 string

//go:embed version4.sql
var version4 string

// migrate brings the schema up to date. A role that may not create anything can
// use a schema that is.
func (s *Store) migrate(ctx context.Context, conn *pgx.Conn) error {
	var version int
	err := conn.QueryRow(ctx, s.sql(`select coalesce(max(version), 0) from $schema.migration`), s.mode).Scan(&version)
	if err == nil && version >= latestVersion {
		return s.checkVersion(version)
	}
	// Processes that start together may both create the schema; one of them is told
	// that it exists, and tries again.
	for range 10 {
		err = s.upgrade(ctx, conn)
		refused, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || refused.Code != "23505" && refused.Code != "42P06" && refused.Code != "42P07" {
			break
		}
	}
	return err
}

func (s *Store) checkVersion(version int) error {
	if version != 0 && version < firstVersion || version > latestVersion {
		return fmt.Errorf("postgres: schema %s has version %d, this program knows %d to %d; use the program that made it, or another Options.Schema",
			s.options.Schema, version, firstVersion, latestVersion)
	}
	return nil
}

func (s *Store) upgrade(ctx context.Context, conn *pgx.Conn) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("postgres: the schema cannot be made: %w", err)
	}
	defer tx.Rollback(ctx)
	steps := []string{
		`create schema if not exists $schema`,
		`create table if not exists $schema.migration (version int primary key, at timestamptz not null default now())`,
		`lock table $schema.migration in exclusive mode`, // one process migrates, the others find the work done
	}
	for _, step := range steps {
		if _, err := tx.Exec(ctx, s.sql(step)); err != nil {
			return fmt.Errorf("postgres: schema %s cannot be made; grant this role the right to create it, or start once with one that has it: %w", s.options.Schema, err)
		}
	}
	var version int
	if err := tx.QueryRow(ctx, s.sql(`select coalesce(max(version), 0) from $schema.migration`), s.mode).Scan(&version); err != nil {
		return fmt.Errorf("postgres: the schema's version cannot be read: %w", err)
	}
	if err := s.checkVersion(version); err != nil {
		return err
	}
	for version = max(version+1, firstVersion); version <= latestVersion; version++ {
		if _, err := tx.Exec(ctx, s.sql(migrations[version])); err != nil {
			return fmt.Errorf("postgres: migration to version %d: %w", version, err)
		}
		if _, err := tx.Exec(ctx, s.sql(`insert into $schema.migration (version) values ($1::int)`), s.mode, version); err != nil {
			return fmt.Errorf("postgres: migration to version %d: %w", version, err)
		}
	}
	return tx.Commit(ctx)
}

// sql puts the name of the schema into a statement. New has checked that it needs
// no quotes.
func (s *Store) sql(statement string) string { return s.names.Replace(statement) }

func names(schema string) *strings.Replacer {
	return strings.NewReplacer("$schema", schema, "$key_window", fmt.Sprintf("%d seconds", int(store.KeyWindow.Seconds())))
}
