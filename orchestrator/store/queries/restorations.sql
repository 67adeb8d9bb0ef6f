-- open: the restoration that waits for people, if any
select id, backup_at, backup, restored_at, restored_by, (backup_at at time zone 'Europe/Paris')::date as since
from restoration where caisse = %(caisse)s and lifted_at is null

-- mark: the house is as a backup made it, every caisse in it; an earlier restoration that nobody has lifted goes on in this one
with before as (
    delete from restoration where lifted_at is null returning caisse, backup_at
)
insert into restoration (id, caisse, backup_at, backup, restored_by)
select gen_random_uuid(), known.caisse,
       least(%(backup_at)s, (select min(backup_at) from before where before.caisse = known.caisse)), %(backup)s, %(by)s
from (select caisse from run union select caisse from publication union select %(caisse)s) known (caisse)

-- close_by_hand: what a run may have given away since is unknown: a person closes it
insert into closing (run, caisse, tries, next_try_at, reason)
select run.id, run.caisse, 0, 'infinity', %(reason)s from run
where run.mode = 'live'
on conflict (run) do update set next_try_at = 'infinity', reason = excluded.reason where closing.closed_at is null

-- forget_reuse: events are numbered on from the last one that the audit log holds
select setval('audit_outbox_id_seq', greatest((select last_value from audit_outbox_id_seq), %(last)s::bigint))

-- last_number: the number of the newest event that this database has made
select last_value from audit_outbox_id_seq

-- look: an application was compared since the restoration
insert into restoration_look (restoration, caisse, application, first, last)
select id, caisse, %(application)s, %(first)s, %(last)s from restoration
where caisse = %(caisse)s and lifted_at is null

-- look_by_person: a person compared an application by hand, from the day of the backup until today
insert into restoration_look (restoration, caisse, application, first, last, looked_by, reason)
select id, caisse, %(application)s, (backup_at at time zone 'Europe/Paris')::date,
       (clock_timestamp() at time zone 'Europe/Paris')::date, %(login)s, %(reason)s
from restoration where caisse = %(caisse)s and lifted_at is null

-- looked: the applications that were looked at since, over every day that matters
select distinct look.application from restoration_look look join restoration on restoration.id = look.restoration
where restoration.caisse = %(caisse)s and restoration.lifted_at is null and look.looked_at > restoration.restored_at
  and look.first <= (restoration.backup_at at time zone 'Europe/Paris')::date
  and look.last >= (restoration.restored_at at time zone 'Europe/Paris')::date

-- entered: the applications in which something was entered
select distinct application from entry where caisse = %(caisse)s order by application

-- gaps: how many gaps nobody has explained
select count(*) as gaps from gap where caisse = %(caisse)s and settled_at is null

-- lift: a supervisor lets robots go on; the database looks whether everything was looked at
update restoration set lifted_at = now(), lifted_by = %(login)s where caisse = %(caisse)s and lifted_at is null
