package postgres

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// migrations are the steps from one version of the schema to the next; a step that
// was ever released is never changed.
var migrations = []string{version1}

//go:embed version1.sql
var version1 string

// migrate brings the schema up to date. A role that may not create anything can
// use a schema that is.
func (s *Store) migrate(ctx context.Context, conn *pgx.Conn) error {
	var version int
	err := conn.QueryRow(ctx, s.sql(`select coalesce(max(version), 0) from $schema.migration`)).Scan(&version)
	if err == nil && version >= len(migrations) {
		return nil
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	// One process migrates, the others find the work done.
	steps := []string{
		`select pg_advisory_xact_lock(hashtextextended('$schema migration', 0))`,
		`create schema if not exists $schema`,
		`create table if not exists $schema.migration (version int primary key, at timestamptz not null default now())`,
	}
	for _, step := range steps {
		if _, err := tx.Exec(ctx, s.sql(step)); err != nil {
			return fmt.Errorf("postgres: the schema cannot be made: %w", err)
		}
	}
	if err := tx.QueryRow(ctx, s.sql(`select coalesce(max(version), 0) from $schema.migration`)).Scan(&version); err != nil {
		return err
	}
	for ; version < len(migrations); version++ {
		if _, err := tx.Exec(ctx, s.sql(migrations[version])); err != nil {
			return fmt.Errorf("postgres: migration to version %d: %w", version+1, err)
		}
		if _, err := tx.Exec(ctx, s.sql(`insert into $schema.migration (version) values ($1)`), version+1); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

// sql puts the name of the schema into a statement. The name is quoted, and
// checked by Open to need no quoting inside of strings.
func (s *Store) sql(statement string) string {
	return strings.ReplaceAll(statement, "$schema", s.options.Schema)
}
