-- begin: leave the application of an entry in doubt in peace, once after each attempt at it
insert into doubt (entry, n, caisse, case_id, quiet, look_at)
select entry.id, last.n, entry.caisse, entry.case_id, %(quiet)s, now() + %(quiet)s
from entry
join lateral (select n from entry_attempt where entry_attempt.entry = entry.id order by n desc limit 1) last on true
where entry.id = %(entry)s
on conflict (entry, n) do nothing

-- unbegun: entries of a case that are in doubt since their last attempt, and whose application is not yet left in peace
select entry.id, entry.application from entry
join lateral (select n, ended_at from entry_attempt where entry_attempt.entry = entry.id order by n desc limit 1) last on true
where entry.case_id = %(case_id)s and entry.state = 'doubtful' and last.ended_at is not null
  and not exists (select 1 from doubt where doubt.entry = entry.id and doubt.n = last.n)

-- open_logins: logins that acted in what is in doubt, and that may still send something
select doubt.entry, doubt.n, entry.application, attempt.cookies
from doubt join entry on entry.id = doubt.entry join entry_attempt attempt on attempt.entry = doubt.entry and attempt.n = doubt.n
where doubt.case_id = %(case_id)s and entry.state = 'doubtful' and doubt.login_ended_at is null

-- login_ended: nothing more can come of that login; what came of it before has its quiet time from now on, and is looked at then;
-- what is settled meanwhile stays as it was seen: who says this may have slept
update doubt set login_ended_at = now(), look_at = greatest(look_at, now() + quiet), looked_at = null, seen = null, reference = null
where entry = %(entry)s and n = %(n)s and login_ended_at is null
  and n = (select max(n) from doubt last where last.entry = doubt.entry)
  and exists (select 1 from entry where entry.id = doubt.entry and entry.state = 'doubtful')

-- look_at: when a case in doubt may be looked at; null once every doubt of it was
select max(look_at) filter (where looked_at is null) as look_at, max(look_at) > now() as in_peace
from entry join lateral (
    select look_at, looked_at from doubt where doubt.entry = entry.id order by n desc limit 1
) last on true
where entry.case_id = %(case_id)s and entry.state = 'doubtful'
having count(*) > 0

-- last: the last doubt of an entry: was its application left in peace, and what may be done when it is absent
select n, look_at, look_at <= now() as quiet_over, login_ended_at is not null as login_ended,
       not exists (select 1 from doubt before where before.entry = doubt.entry and before.n < doubt.n) as first
from doubt where entry = %(entry)s order by n desc limit 1

-- looked: what a look saw; touches no row before the quiet time is over
update doubt set looked_at = now(), seen = %(seen)s, reference = %(reference)s
where entry = %(entry)s and n = (select max(n) from doubt last where last.entry = %(entry)s) and look_at <= now()

-- to_settle: how many cases in doubt robots will look at, by application, and from when on
select entry.application, count(distinct doubt.case_id) as cases, min(doubt.look_at) as look_at
from doubt_to_settle doubt join entry on entry.id = doubt.entry where doubt.caisse = %(caisse)s
group by entry.application order by entry.application
