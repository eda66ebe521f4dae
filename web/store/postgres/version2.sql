-- The counter gives numbers without holes, in the order of commits: its row stays
-- locked until the publishing transaction ends, so a number is visible only when
-- every smaller one is, and a rollback gives its numbers back.
create table $schema.log (
	one boolean primary key default true check (one),
	epoch text not null default substr(md5(random()::text || clock_timestamp()::text), 1, 8),
	top bigint not null default 0
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
insert into $schema.log default values;

-- Apart from the counter, so that trimming does not wait for publishing. The row
-- with the number `base` is kept: it proves the place before the rest.
create table $schema.trimmed (
	one boolean primary key default true check (one),
	base bigint not null default 0
);
insert into $schema.trimmed default values;

-- A number may be given out twice when the end of the log was lost, so each event
-- has a random proof beside it. A place in the log is both.
create function $schema.proof() returns int
language sql volatile as $$ select 1 + floor(random() * 2147483646)::int $$;

create table $schema.event (
	id bigint primary key,
	proof int not null default $schema.proof(),
	topic text not null check (id = 0 or octet_length(topic) between 1 and 128),
	data json not null,
	size int not null, -- of the data in bytes, so that a page need not read them to be bounded
	at timestamptz not null default clock_timestamp()
);
insert into $schema.event (id, topic, data, size) values (0, '', 'null', 4); -- proves the beginning

-- The idempotency keys of the last $key_window.
create table $schema.key (
	key text primary key check (octet_length(key) between 1 and 128),
	id bigint not null,
	proof int not null,
	at timestamptz not null default clock_timestamp()
);
create index on $schema.key (at);

-- What a restore or a failover changes without a trace in the rows is a part of the
-- epoch: the cluster, its timeline, the database and the table itself.
create function $schema.epoch(stored text) returns text
language sql stable as $$
	select stored || substr(md5(
		(select system_identifier from pg_control_system())::text || ' '
		|| substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || ' '
		|| (select oid from pg_database where datname = current_database()) || ' '
		|| '$schema.log'::regclass::oid), 1, 8)
$$;

-- Gives the log another epoch when an event that a reader has seen is no longer
-- there; once for all readers. A log whose newest event is gone goes on as an empty
-- one.
create function $schema.renew(seen_epoch text, seen_id bigint, seen_proof bigint, new_epoch text) returns void
language plpgsql set search_path = $schema, pg_temp as $$
begin
	perform 1 from log for update;
	if exists (select from log l where exists (select from event where id = l.top)
			and (epoch(l.epoch) <> seen_epoch or exists (select from event where id = seen_id and proof = seen_proof))) then
		return;
	end if;
	update log set epoch = new_epoch;
	insert into event (id, topic, data, size) select top, '-', 'null', 4 from log on conflict do nothing;
	if found then
		update trimmed set base = (select top from log);
	end if;
end $$;

create function $schema.publish_one(topic text, data json, key text, out id bigint, out proof int)
language plpgsql set search_path = $schema, pg_temp as $$
#variable_conflict use_column
begin
	if publish_one.key is not null then
		perform 1 from log for update; -- before the key is looked up
		delete from key k where k.key = publish_one.key and k.at < clock_timestamp() - interval '$key_window';
		select k.id, k.proof into publish_one.id, publish_one.proof from key k where k.key = publish_one.key;
		if found then
			return;
		end if;
	end if;
	update log set top = top + 1 returning top into publish_one.id;
	insert into event (id, topic, data, size)
		values (publish_one.id, publish_one.topic, publish_one.data, octet_length(publish_one.data::text))
		returning proof into publish_one.proof;
	if publish_one.key is not null then
		insert into key (key, id, proof) values (publish_one.key, publish_one.id, publish_one.proof);
	end if;
	perform pg_notify('$schema', '');
end $$;

-- What applications call. Inside of a transaction the event appears only if that
-- commits, and other publishers wait for it to end.
create function $schema.publish(topic text, data json, key text default null) returns text
language plpgsql security definer set search_path = $schema, pg_temp as $$
declare
	place record;
begin
	select * into place from publish_one(topic, data, key);
	return (select epoch(epoch) from log) || '-' || place.id || '-' || place.proof;
end $$;

-- Many events in one go, each with a key or ''; returns their places in the order
-- of the arguments.
create function $schema.publish_all(topics text[], datas text[], keys text[])
returns table (epoch text, id bigint, proof int)
language plpgsql security definer set search_path = $schema, pg_temp as $$
#variable_conflict use_column
declare
	now_epoch text;
	last bigint;
begin
	if exists (select from unnest(keys) as k where k <> '') then
		select epoch(l.epoch) into now_epoch from log l for update;
		return query select now_epoch, p.id, p.proof
			from unnest(topics, datas, keys) with ordinality as e (t, d, k, n),
			lateral publish_one(t, d::json, nullif(k, '')) p order by n;
		return;
	end if;
	update log set top = top + cardinality(topics) returning top, epoch(epoch) into last, now_epoch;
	return query
		with stored as (
			insert into event (id, topic, data, size)
			select last - cardinality(topics) + n, t, d::json, octet_length(d)
			from unnest(topics, datas) with ordinality as e (t, d, n)
			returning id, proof)
		select now_epoch, s.id, s.proof from stored s order by s.id;
	perform pg_notify('$schema', '');
end $$;

-- Deletes the oldest events, at most so many, that are neither among the newest
-- `keep` nor younger than `age` milliseconds (null: any age). It runs in one process
-- at a time: whoever holds the row lets the others go on.
create function $schema.trim(keep bigint, age bigint, most bigint) returns bigint
language plpgsql set search_path = $schema, pg_temp as $$
declare
	old bigint;
	new bigint;
begin
	select base into old from trimmed for update skip locked;
	if not found then
		return 0;
	end if;
	select greatest(old, top - keep) into new from log;
	if age is not null then
		select greatest(new, coalesce(max(id), 0)) into new from event
			where id <= old + most and at < clock_timestamp() - age * interval '1 millisecond';
	end if;
	new := least(new, old + most);
	select greatest(new, coalesce(min(id), new)) into new from event; -- rows may have been deleted by hand
	if new > old then
		delete from event where id < new;
		update trimmed set base = new;
	end if;
	delete from key where key in (
		select key from key where at < clock_timestamp() - interval '$key_window' order by at limit most);
	return new - old;
end $$;
