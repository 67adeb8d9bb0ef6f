-- due: what robots have done with and nobody has closed, closes or must settle, the longest waiting first
select run.id as run, run.scenario, run.version, coalesce(stand.changed_at, run.started_at) as over_since,
       coalesce(stand.with_people, 0) as with_people
from run
left join closing on closing.run = run.id
left join lateral (
    select max(changed_at) as changed_at,
           count(*) filter (where state in ('ready', 'waiting', 'leased')) as with_robots,
           count(*) filter (where state in ('exception', 'awaiting_approval')) as with_people
    from cases where cases.run = run.id
) stand on true
where run.caisse = %(caisse)s and run.mode = 'live' and closing.closed_at is null and not is_restored(run.caisse)
  and (closing.run is null or closing.next_try_at <= now())
  and stand.with_robots = 0
  and not exists (select from hand_over where hand_over.run = run.id and hand_over.state = 'doubtful')
  and not exists (
      select from pg_locks where locktype = 'advisory' and objsubid = 1
      and (classid::bigint << 32) | objid::bigint = hashtextextended('glr.close.' || run.id::text, 0)
  )
order by closing.next_try_at nulls first, run.started_at

-- hold: one closing of a run at a time, until this transaction ends: killed it holds nothing, frozen nothing after 3 s
select set_config('idle_in_transaction_session_timeout', '3s', true),
       pg_try_advisory_xact_lock(hashtextextended('glr.close.' || %(run)s::text, 0)) as mine

-- beat: a sign of life in the transaction that holds a run
select 1

-- begin: write down a try before it is made, and when the next one is due if nothing more is heard of it: at once after
-- the first two, whose process or machine died; later and later after more, which this closing itself may kill
insert into closing (run, caisse, tries, next_try_at, reason)
values (%(run)s, %(caisse)s, 1, now(), %(reason)s)
on conflict (run) do update set tries = closing.tries + 1, reason = excluded.reason,
    next_try_at = case when closing.tries < 2 then now()
        else now() + least(interval '10 s' * power(2, least(closing.tries, 12)), interval '1 h') end
where closing.closed_at is null

-- failed: why a try gave nothing; tried again later and later
update closing set reason = %(reason)s,
    next_try_at = now() + least(interval '10 s' * power(2, least(tries - 1, 12)), interval '1 h')
where run = %(run)s and closed_at is null

-- done: the run is closed
update closing set closed_at = now(), reason = null where run = %(run)s and closed_at is null

-- at_once: try again now, since a person has settled what it waited for
update closing set next_try_at = now() where run = %(run)s and closed_at is null

-- one: where the closing of a run stands
select tries, next_try_at, reason, closed_at from closing where run = %(run)s

-- not_closed: the runs whose last try gave nothing
select run, tries, next_try_at, reason from closing where caisse = %(caisse)s and closed_at is null order by next_try_at
