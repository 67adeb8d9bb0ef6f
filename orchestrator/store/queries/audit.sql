-- act_as: say who acts, for this transaction alone
select set_config('glr.actor', %(actor)s, true)

-- begin: begin a transaction and say who acts, for it alone, in one trip
begin; select set_config('glr.actor', %(actor)s, true)

-- record: insert an event into the outbox
select record_event(%(caisse)s, %(verb)s, %(object)s, %(details)s)

-- record_all: insert several events about one object into the outbox, in their order
select record_event(%(caisse)s, event ->> 'verb', %(object)s, event -> 'details') from jsonb_array_elements(%(events)s) event

-- one_exporter: let one exporter at a time move rows, for this transaction alone; one that is frozen loses it after 3 s
select set_config('idle_in_transaction_session_timeout', '3s', true), pg_try_advisory_xact_lock(hashtext('glr.audit')) as mine

-- take: move a batch of events out of the outbox; no cursor, so none is lost (TRAPS)
with taken as (
    delete from audit_outbox where id in (select id from audit_outbox order by id limit %(limit)s)
    returning id, at, caisse, actor, verb, object, details
)
select id, at, caisse, actor, verb, object, details from taken order by id

-- folder: where the log is written
select id, host, path from log_folder

-- name_folder: the first to export says where
insert into log_folder (id, host, path) values (%(id)s, %(host)s, %(path)s) returning id

-- move_folder: as owner: from now on it is written there
insert into log_folder (id, host, path) values (%(id)s, %(host)s, %(path)s)
on conflict (one) do update set id = excluded.id, host = excluded.host, path = excluded.path, since = now()

-- last: the newest event that is still in the outbox
select max(id) as id from audit_outbox

-- left: how many events up to that one are still in the outbox
select count(*) as events from audit_outbox where id <= %(id)s
