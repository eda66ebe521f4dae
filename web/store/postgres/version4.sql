-- Small records of the processes that share the log; they are no part of it. A crash
-- of the server may lose them.
create unlogged table $schema.record (
	name text primary key,
	at timestamptz not null,
	expires timestamptz not null,
	data bytea not null
);
