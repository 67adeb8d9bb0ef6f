-- act_as: say who acts, for this transaction alone
select set_config('glr.actor', %(actor)s, true)

-- begin: begin a transaction and say who acts, for it alone, in one trip
begin; select set_config('glr.actor', %(actor)s, true)

-- record: insert an event into the outbox
select record_event(%(caisse)s, %(verb)s, %(object)s, %(details)s)

-- record_all: insert several events about one object into the outbox, in their order
select record_event(%(caisse)s, event ->> 'verb', %(object)s, event -> 'details') from jsonb_array_elements(%(events)s) event

-- one_exporter: let one exporter at a time move rows, for this transaction alone
select pg_try_advisory_xact_lock(hashtext('glr.audit')) as mine

-- take: move a batch of events out of the outbox; no cursor, so none is lost (TRAPS)
with taken as (
    delete from audit_outbox where id in (select id from audit_outbox order by id limit %(limit)s)
    returning id, at, caisse, actor, verb, object, details
)
select id, at, caisse, actor, verb, object, details from taken order by id

-- last: the newest event that is still in the outbox
select max(id) as id from audit_outbox

-- left: how many events up to that one are still in the outbox
select count(*) as events from audit_outbox where id <= %(id)s
