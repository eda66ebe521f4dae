-- The position that belongs to a state: read in the transaction that reads the
-- state, with isolation level repeatable read, or in the same statement. What that
-- transaction sees of rows that were changed together with publishing is what the
-- events up to this position tell: publishers commit in the order of their numbers.
create function $schema.position() returns text
language sql stable security definer set search_path = $schema, pg_temp as $$
	select epoch(l.epoch) || '-' || l.top || coalesce('-' || e.proof, '')
	from log l left join event e on e.id = l.top
$$;
