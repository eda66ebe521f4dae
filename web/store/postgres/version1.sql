-- The counter gives ids without holes, in the order of commits: its row stays
-- locked until the publishing transaction ends, so an id is visible only when every
-- smaller one is, and a rollback gives its ids back.
create table $schema.log (
	one boolean primary key default true check (one),
	epoch text not null default substr(md5(random()::text || clock_timestamp()::text), 1, 8),
	top bigint not null default 0
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
insert into $schema.log default values;

-- Apart from the counter, so that trimming does not wait for publishing.
create table $schema.trimmed (
	one boolean primary key default true check (one),
	base bigint not null default 0
);
insert into $schema.trimmed default values;

create table $schema.event (
	id bigint primary key,
	topic text not null check (octet_length(topic) between 1 and 128),
	data json not null,
	at timestamptz not null default clock_timestamp()
);

-- The timeline changes when a standby is promoted or a backup restored, which may
-- lose the end of the log without a trace in the tables.
create function $schema.epoch(stored text) returns text
language sql stable as $$
	select stored || lower(substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))
$$;

-- What applications call. Inside of a transaction the event appears only if that
-- commits, and other publishers wait for it to end.
create function $schema.publish(topic text, data json) returns text
language plpgsql security definer set search_path = $schema, pg_temp as $$
declare
	place record;
begin
	update log set top = top + 1 returning epoch, top into place;
	insert into event (id, topic, data) values (place.top, publish.topic, publish.data);
	perform pg_notify('$schema', '');
	return epoch(place.epoch) || '-' || place.top;
end $$;

-- Many events in one go; returns the epoch and the id of the last one.
create function $schema.publish_all(topics text[], datas json[], out epoch text, out top bigint)
language plpgsql security definer set search_path = $schema, pg_temp as $$
begin
	update log set top = log.top + cardinality(topics) returning log.epoch, log.top into epoch, top;
	insert into event (id, topic, data)
		select publish_all.top - cardinality(topics) + n, t, d
		from unnest(topics, datas) with ordinality as e (t, d, n);
	perform pg_notify('$schema', '');
	epoch := epoch(publish_all.epoch);
end $$;

-- Deletes the oldest events, at most so many, that are neither among the newest
-- `keep` nor younger than `age`. It runs in one process at a time.
create function $schema.trim(keep bigint, age interval, most bigint) returns bigint
language plpgsql as $$
declare
	old bigint;
	new bigint;
begin
	if not pg_try_advisory_xact_lock(hashtextextended('$schema trim', 0)) then
		return 0;
	end if;
	select base into old from $schema.trimmed;
	select greatest(old, top - keep) into new from $schema.log;
	if age is not null then
		select greatest(new, coalesce(max(id), 0)) into new from $schema.event
			where id <= old + most and at < clock_timestamp() - age;
	end if;
	new := least(new, old + most);
	if new > old then
		delete from $schema.event where id <= new;
		update $schema.trimmed set base = new;
	end if;
	return new - old;
end $$;
