-- insert: rows of a delivery become cases, unless an open case has their key already, or any case their reference; gives the lines
-- of those that did (arrays go in binary: as text, a row would cost more than to make it)
with made as (
insert into cases (id, caisse, run, scenario, line, lines, reference, key_digest, priority, due, urgency_on, data_key, payload)
select id, %(caisse)s, %(run)s, %(scenario)s, line, lines::integer[], reference, key_digest, priority, due, urgency_on, data_key,
       payload
from unnest(%(id)b::uuid[], %(line)b::integer[], %(lines)b::text[], %(reference)b::text[], %(key_digest)b::bytea[],
            %(priority)b::integer[], %(due)b::date[], %(urgency_on)b::date[], %(data_key)b::bytea[], %(payload)b::bytea[])
    as new (id, line, lines, reference, key_digest, priority, due, urgency_on, data_key, payload)
on conflict do nothing
returning line
)
select coalesce(array_agg(line), '{}') as lines from made

-- open_by_keys: the open cases that already have these keys
select id, reference, key_digest from cases
where caisse = %(caisse)s and scenario = %(scenario)s and key_digest = any (%(key_digest)b::bytea[])
  and state not in ('ended', 'rejected', 'cancelled')

-- insert_blind: entries of the blind index
insert into blind_index (case_id, caisse, field, digest)
select case_id, %(caisse)s, field, digest
from unnest(%(case_id)b::uuid[], %(field)b::text[], %(digest)b::bytea[]) as new (case_id, field, digest)

-- claim: give the most urgent ready case whose turn it is under one of these versions to a session, under a new epoch, and write
-- down that an attempt begins, numbered by it; and with it those that come next, up to so many, that were never held: one that nobody
-- settled may end a session, and a session that tries an application does so with one. Says itself who acts
-- What is the scenario's own, and which versions are closed, is asked once: cases are read in their order until the first that
-- may be taken. While the published version may begin more of its ramp, nothing is taken but by who holds the turn
-- (versions.hold_turn).
with act as materialized (
    select set_config('glr.actor', %(actor)s, true)
), open as materialized (
    select now.version, now.previous, coalesce(now.begun < now.allowed, now.version is not null) as has_room
    from act left join publication now
        on now.caisse = %(caisse)s and now.scenario = %(scenario)s and now.state = 'published'
    where (%(in_turn)s or not coalesce(now.begun < now.allowed, false)) and not exists (select 1 from scenario_stop stop
        where stop.caisse = %(caisse)s and stop.scenario = %(scenario)s and stop.released_at is null)
      and not is_restored(%(caisse)s)
      and keeps_seat(%(session)s)
), next as materialized (
    select cases.id, cases.epoch as held, turn.version, run.run_date
    from open cross join cases join run on run.id = cases.run
    cross join lateral (select version_in_turn(
        run.mode, run.version, cases.begun_under, open.version, open.previous, open.has_room) as version) turn
    where cases.state = 'ready' and cases.caisse = %(caisse)s and cases.scenario = %(scenario)s
      and turn.version = any (array(
          select asked.version from unnest(%(versions)s::text[]) as asked (version)
          where not version_closed(asked.version, %(caisse)s, %(session)s)))
    order by cases.priority desc, cases.due, cases.created_at, cases.line, cases.id
    limit %(most)s for update of cases skip locked
), taken as (
    update cases set
        state = 'leased', leased_by = %(session)s, lease_until = now() + %(lease)s, epoch = epoch + 1,
        attempts = attempts + 1, begun_under = next.version
    from next where cases.id = next.id and (next.id = (select id from next limit 1)
        or next.held = 0 and not exists (select 1 from application_stop stop where stop.trial = %(session)s))
    returning cases.id, reference, caisse, scenario, run, line, epoch, attempts, instruction, data_key, payload, lease_until,
        leased_by, begun_under, waited, tries, findings, next.run_date
), begun as (
    insert into attempt (case_id, n, caisse, epoch, session, scenario, version)
    select id, epoch, caisse, epoch, leased_by, scenario, begun_under from taken
)
select * from taken

-- renew: push the end of a lease while it is still ours
update cases set lease_until = now() + %(lease)s
where id = %(id)s and epoch = %(epoch)s and leased_by = %(session)s and state = 'leased' and lease_until > now()
returning lease_until

-- held: is this lease still ours, and until when
select lease_until from cases
where id = %(id)s and epoch = %(epoch)s and leased_by = %(session)s and state = 'leased' and lease_until > now()

-- may_begin: the same, and robots are not stopped: asked just before the first request of an act
select lease_until from cases
where id = %(id)s and epoch = %(epoch)s and leased_by = %(session)s and state = 'leased' and lease_until > now()
  and not robots_stopped(id, %(application)s)

-- lock_held: is this lease still ours, keeping the row until the end of the transaction
select lease_until from cases
where id = %(id)s and epoch = %(epoch)s and leased_by = %(session)s and state = 'leased' and lease_until > now()
for update

-- settle: leave the state leased, under our epoch, and write down how the attempt ended, with what the desks counted of acts; touches
-- nothing when the lease is lost, nor, if all is to be proven, when an act may have happened and is not; says itself who acts
with act as materialized (
    select set_config('glr.actor', %(actor)s, true)
), settled as (
    update cases set
        state = %(state)s::case_state, ended_as = %(ended_as)s, leased_by = null, lease_until = null,
        wait_until = greatest(%(wait_until)s::timestamptz, now() + %(delay)s::interval),
        findings = coalesce(%(findings)s, findings),
        attempts = case when %(forgive)s then attempts - 1 else attempts end,
        tries = case when %(state)s::case_state in ('waiting', 'ready') then tries else 0 end,
        instruction = case when %(state)s::case_state in ('waiting', 'ready') then instruction end
    from act
    where id = %(id)s and epoch = %(epoch)s and leased_by = %(session)s and state = 'leased' and lease_until > now()
      and not (%(proven)s and exists (
          select 1 from entry where entry.case_id = cases.id and entry.state in ('intent', 'doubtful')))
    returning cases.id, cases.caisse, cases.reference
), tried as (
    update attempt set ended_at = now(), outcome = %(outcome)s, code = %(code)s, incident = %(incident)s,
        application = %(failed)s, touched = coalesce(%(touched)s::text[], '{}'), acts_left = %(left)s, acts_refused = %(refused)s
    from settled where attempt.case_id = settled.id and attempt.n = %(epoch)s
)
select case when %(said)s::jsonb is not null
    then record_event(caisse, 'attempt.ended', reference, %(said)s::jsonb)::text end as told
from settled

-- end: the same for several that ended as they should, each under its epoch, while nothing was done in any application; gives
-- those that it ended
with act as materialized (
    select set_config('glr.actor', %(actor)s, true)
), settled as (
    update cases set
        state = 'ended', ended_as = done.ended_as, leased_by = null, lease_until = null, findings = done.findings, tries = 0,
        instruction = null
    from act cross join unnest(%(id)b::uuid[], %(epoch)b::integer[], %(ended_as)b::text[], %(findings)b::bytea[])
        as done (id, epoch, ended_as, findings)
    where cases.id = done.id and cases.epoch = done.epoch and leased_by = %(session)s and state = 'leased' and lease_until > now()
      and not exists (select 1 from entry where entry.case_id = cases.id and entry.state in ('intent', 'doubtful'))
    returning cases.id, cases.epoch, cases.caisse, cases.reference, cases.ended_as, jsonb_build_object('attempt', attempts,
        'outcome', cases.ended_as, 'code', '', 'version', begun_under, 'session', %(session)s) as said
), tried as (
    update attempt set ended_at = now(), outcome = settled.ended_as, incident = false, acts_left = 0, acts_refused = 0
    from settled where attempt.case_id = settled.id and attempt.n = settled.epoch
)
select id, record_event(caisse, 'attempt.ended', reference, said)::text as told from settled

-- waits: what a case that has just begun to wait waits for, and the dates that it will not wait for again
update cases set waits_for = %(waits_for)s, waited = waited || %(waited)s, instruction = null, tries = 0
where id = %(id)s and state = 'waiting'

-- waits_in_doubt: a case that has just begun to wait is looked at then; what a person asked of the robot stands
update cases set waits_for = 'doubt' where id = %(id)s and state = 'waiting'

-- next_try: a case that its scenario puts off to another day has attempts of its own then
update cases set tries = tries + 1, attempts = 0 where id = %(id)s and state = 'waiting'

-- instruction_done: what a person asked is done, all of it; the case goes on by itself
update cases set instruction = null where id = %(id)s and epoch = %(epoch)s and leased_by = %(session)s
  and not exists (select 1 from by_hand where by_hand.case_id = cases.id
                  and by_hand.given_back_at is null and by_hand.read_back_at is null)

-- keep_findings: what was read before an entry, while the case is ours
update cases set findings = %(findings)s
where id = %(id)s and epoch = %(epoch)s and leased_by = %(session)s and state = 'leased' and lease_until > now()

-- set_urgency: priority and due of cases that no robot holds, and the day on which they change; an old epoch touches nothing
update cases set priority = new.priority, due = new.due, urgency_on = new.urgency_on
from jsonb_to_recordset(%(rows)s) as new (id uuid, epoch integer, priority integer, due date, urgency_on date)
where cases.id = new.id and cases.epoch = new.epoch
  and cases.state in ('ready', 'waiting', 'awaiting_approval', 'exception')

-- to_review: cases whose priority or due may change today, the first to change first
select cases.id, cases.epoch, cases.priority, cases.due, cases.data_key, cases.payload, cases.findings, run.run_date
from cases join run on run.id = cases.run
where cases.caisse = %(caisse)s and cases.scenario = %(scenario)s and cases.urgency_on <= %(today)s
  and cases.state in ('ready', 'waiting', 'awaiting_approval', 'exception')
order by cases.urgency_on limit %(limit)s

-- silent_attempts: how many sessions have ended at a case without a word, since the last that said how it went
select count(*) as silent from attempt
where case_id = %(case_id)s and n < %(n)s and outcome is null
  and n > coalesce((select max(n) from attempt where case_id = %(case_id)s and outcome is not null), 0)

-- acts_of_run: what was counted of each case of a run, and the attempts whose session ended before it could say
select cases.reference, count(*) as attempts, count(*) filter (where attempt.acts_left is null) as uncounted,
       coalesce(sum(attempt.acts_left), 0)::integer as acts_left,
       coalesce(sum(attempt.acts_refused), 0)::integer as acts_refused
from attempt join cases on cases.id = attempt.case_id
where cases.run = %(run)s group by cases.id order by cases.line

-- sweep_orphans: leases that ran out go back, whoever held them
with orphan as (
    update cases set state = 'ready', leased_by = null, lease_until = null
    where id in (
        select id from cases where state = 'leased' and lease_until < now()
        order by lease_until limit 100 for update skip locked
    )
    returning id, caisse, scenario
)
select id, caisse, scenario from orphan order by id

-- sweep_waiting: cases whose instant has come are ready again
update cases set state = 'ready', wait_until = null
where id in (
    select id from cases where state = 'waiting' and wait_until <= now()
    order by wait_until limit 1000 for update skip locked
)
returning id, caisse, scenario

-- wake: a waiting case goes on before its date; touches no row when it is taken, closed or in doubt, or goes on already
update cases set state = 'ready'
where id = %(id)s and caisse = %(caisse)s and state = 'waiting'
  and (%(version)s::integer is null or version = %(version)s)
  and not exists (select 1 from entry where entry.case_id = cases.id and entry.state in ('intent', 'doubtful'))

-- wake_awaiting: the case with this key that waits for a document goes on; in doubt it stays as it is
update cases set state = 'ready'
where caisse = %(caisse)s and scenario = %(scenario)s and key_digest = %(key_digest)s
  and state = 'waiting' and waits_for = 'document'
  and not exists (select 1 from entry where entry.case_id = cases.id and entry.state in ('intent', 'doubtful'))
returning reference

-- wake_for_filed: what this case has entered wakes the cases that wait for it under these keys; null when it entered nothing itself
select wake_for_filed(%(id)s, %(session)s, %(scenarios)s::text[], %(keys)b::bytea[]) as woken

-- standing: where a case stands, for a person who wants it to go on; sensitive ones only for who may see them
select id, reference, state::text as state,
       exists (select 1 from entry where entry.case_id = cases.id and entry.state in ('intent', 'doubtful')) as in_doubt
from cases
where reference = %(reference)s and caisse = %(caisse)s
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))

-- sweep_approvals: approvals that expired are void; their case asks again
with void as (
    update approval set state = 'void'
    where id in (select id from approval where state = 'asked' and expires_at < now() limit 100 for update skip locked)
    returning case_id
)
update cases set state = 'ready' from void where cases.id = void.case_id and cases.state = 'awaiting_approval'
returning cases.id, cases.caisse, cases.scenario

-- hungry: scenarios with cases that may be taken now, how many sessions they may use, and how many their applications allow
with turn as materialized (
    select caisse, scenario, version, max(robot) as robot, count(*) as ready from case_turn
    group by caisse, scenario, version
)
select turn.caisse, turn.scenario, sum(turn.ready)::integer as ready, max(asked.parallel) as parallel,
       min(room_for(turn.version, turn.caisse, turn.scenario, turn.robot)) as room
from turn join scenario_version asked on asked.hash = turn.version
where not version_closed(turn.version, turn.caisse, null)
group by turn.caisse, turn.scenario

-- busy: is anything of this scenario to be taken now, or waiting for a moment only; a doubt is not waited for while others have work
select exists (select 1 from case_turn where caisse = %(caisse)s and scenario = %(scenario)s and version in (
           select hash from scenario_version
           where caisse = %(caisse)s and name = %(scenario)s and not version_closed(hash, %(caisse)s, %(session)s))) as ready,
       exists (
           select 1 from cases where caisse = %(caisse)s and scenario = %(scenario)s and state = 'waiting'
             and wait_until < now() + interval '30 seconds'
             and (waits_for is distinct from 'doubt' or not exists (
                 select 1 from case_turn other where other.caisse = %(caisse)s and other.scenario <> %(scenario)s))
       ) as soon


-- held_now: the cases that a session holds
select reference from cases where caisse = %(caisse)s and state = 'leased' and lease_until > now()

-- recorded_of_run: every case of a run with what its last attempt recorded, in the order of the delivery
select cases.id, cases.reference, cases.run, cases.attempts, cases.data_key, cases.payload, cases.findings, run.run_date
from cases join run on run.id = cases.run where cases.run = %(run)s order by cases.line

-- handed_on: the cases that a scenario ended under a name in its live runs of a day, in the order of their lists
select cases.id, cases.data_key, cases.payload
from cases join run on run.id = cases.run
where run.caisse = %(caisse)s and run.scenario = %(scenario)s and run.run_date = %(day)s and run.mode = 'live'
  and cases.state = 'ended' and cases.ended_as = %(ended)s
order by run.started_at, cases.line
