-- create_account: as owner: a new account, or new values for an existing one
insert into account (login, caisse, display_name, role, password_hash, restricted_queues)
values (%(login)s, %(caisse)s, %(display_name)s, %(role)s, %(password_hash)s, %(restricted_queues)s)
on conflict (login) do update set
    caisse = excluded.caisse, display_name = excluded.display_name, role = excluded.role,
    password_hash = excluded.password_hash, restricted_queues = excluded.restricted_queues,
    active = true, failed_logins = 0, locked_until = null

-- account_to_check: whose password is about to be checked; locked accounts say so
select login, password_hash, active, coalesce(locked_until > now(), false) as locked, restricted_queues, role
from account where login = %(login)s and caisse = %(caisse)s

-- wrong_password: count a failure; the fifth locks the account for a while
update account set
    failed_logins = case when failed_logins + 1 >= %(allowed)s then 0 else failed_logins + 1 end,
    locked_until = case when failed_logins + 1 >= %(allowed)s then now() + %(lock)s else locked_until end
where login = %(login)s

-- right_password: forget earlier failures
update account set failed_logins = 0, locked_until = null where login = %(login)s

-- open_session: only a digest of the cookie is stored
insert into web_session (id_digest, login, caisse, csrf)
values (%(id_digest)s, %(login)s, %(caisse)s, %(csrf)s)

-- session: who holds this session, unless it is too old, was idle too long, or the account was closed
select web_session.login, web_session.csrf, account.display_name, account.role, account.restricted_queues,
       web_session.last_seen < now() - interval '1 minute' as stale
from web_session join account on account.login = web_session.login
where web_session.id_digest = %(id_digest)s and web_session.caisse = %(caisse)s
  and web_session.last_seen > now() - %(idle)s::interval and web_session.created_at > now() - %(absolute)s::interval
  and account.active and account.caisse = web_session.caisse

-- touch_session: its holder is there
update web_session set last_seen = now() where id_digest = %(id_digest)s

-- close_session: its holder leaves
delete from web_session where id_digest = %(id_digest)s

-- sweep_sessions: sessions that nobody can use any more
delete from web_session where last_seen < now() - %(idle)s::interval or created_at < now() - %(absolute)s::interval

-- banner: what everyone must know on every page, and the figures beside the menu (counts are capped)
select (select coalesce(json_agg(json_build_object('application', application, 'reason', reason, 'at', stopped_at, 'by', stopped_by)
               order by application), '[]') from application_stop where caisse = %(caisse)s) as stops,
       (select coalesce(json_agg(json_build_object('scenario', scenario, 'reason', reason, 'at', stopped_at, 'by', stopped_by)
               order by scenario), '[]') from scenario_stop where caisse = %(caisse)s and released_at is null) as stopped,
       (select backup_at from restoration where caisse = %(caisse)s and lifted_at is null) as restored,
       (select count(*) from publication where caisse = %(caisse)s and state = 'proposed') as versions,
       (select count(*) from (select 1 from bordereau join closing on closing.run = bordereau.run
            where bordereau.caisse = %(caisse)s and bordereau.state = 'written' and closing.closed_at is not null
            limit 1001) counted) as bordereaux,
       (select count(*) from (select 1 from gap
            where caisse = %(caisse)s and settled_at is null limit 1001) counted) as gaps,
       (select count(*) from (select 1 from by_hand
            where caisse = %(caisse)s and given_back_at is null and read_back_at is null limit 1001) counted) as by_hand,
       (select count(*) from (select 1 from exception_item
            where caisse = %(caisse)s and closed_at is null and (not restricted or %(restricted)s)
              and (claimed_by is null or claimed_until < now()) limit 1001) counted) as todo,
       (select count(*) from (select 1 from approval
            where caisse = %(caisse)s and state = 'asked' and expires_at > now()
            union all select 1 from further_entry where caisse = %(caisse)s and state = 'asked' limit 1001) counted) as approvals

-- figures: the counts above the list of exceptions (capped), since when the oldest waits, and how many are late
select count(*) filter (where claimed_by is null or claimed_until < now()) as todo,
       count(*) filter (where claimed_by = %(login)s) as mine,
       count(*) filter (where claimed_by <> %(login)s and claimed_until >= now()) as taken,
       min(opened_at) filter (where claimed_by is null or claimed_until < now()) as oldest,
       -- read from the index in which agents take cases: how urgent a case is stands there
       (select count(*) from (
            select 1 from cases
            join lateral (select claimed_by, claimed_until, queue, restricted from exception_item
                          where case_id = cases.id and closed_at is null offset 0) item on true
            where cases.caisse = %(caisse)s and cases.state in ('exception', 'awaiting_approval')
              and coalesce(cases.due, date '9999-12-31') < %(today)s
              and (not item.restricted or %(restricted)s) and (%(queue)s::text is null or item.queue = %(queue)s)
              and (item.claimed_by is null or item.claimed_until < now())
            limit 10001) counted) as late,
       (select count(*) from (
            select 1 from cases where cases.caisse = %(caisse)s and cases.state = 'waiting'
              and (cases.waits_for is not null or cases.wait_until > now() + interval '1 hour')
              and (%(restricted)s or not exists (
                  select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
            limit 1001) counted) as waiting,
       (select count(*) from (select 1 from doubt_to_settle where caisse = %(caisse)s limit 1001) counted) as doubts
from (
    select item.claimed_by, item.claimed_until, item.opened_at from exception_item item
    where item.caisse = %(caisse)s and item.closed_at is null and (not item.restricted or %(restricted)s)
      and (%(queue)s::text is null or item.queue = %(queue)s)
    order by item.opened_at, item.id limit 10001
) open_items

-- queues: the baskets that hold something, and how much (capped by the number of open exceptions)
select queue, bool_or(restricted) as restricted, count(*) as items from exception_item
where caisse = %(caisse)s and closed_at is null and (not restricted or %(restricted)s)
group by queue order by queue

-- open_items: one page of open exceptions in the order of work: priority, due date, arrival
select item.id, item.scenario, item.cause, item.code, item.message, jsonb_array_length(item.failed) as failed,
       item.queue, item.restricted, item.opened_at, item.claimed_by, item.version,
       coalesce(item.claimed_until >= now(), false) as claim_alive,
       item.claimed_until - interval '15 minutes' as claim_seen, claimer.display_name as claimer,
       cases.id as case_id, cases.reference, cases.priority, cases.due, cases.created_at, cases.line, cases.data_key,
       cases.payload, run.run_date
from cases
-- offset 0: cases lead, in the order of their index; PostgreSQL would take few for what is left and sort all that is open
join lateral (select * from exception_item where case_id = cases.id and closed_at is null offset 0) item on true
join run on run.id = cases.run
left join account claimer on claimer.login = item.claimed_by
where cases.caisse = %(caisse)s and cases.state in ('exception', 'awaiting_approval') and (not item.restricted or %(restricted)s)
  and (%(queue)s::text is null or item.queue = %(queue)s)
  and case %(view)s::text
        when 'a-traiter' then item.claimed_by is null or item.claimed_until < now()
        when 'a-moi' then item.claimed_by = %(login)s
        else item.claimed_by <> %(login)s and item.claimed_until >= now()
      end
  and (-cases.priority, coalesce(cases.due, date '9999-12-31'), cases.created_at, cases.line, cases.id)
      > (%(after_rank)s::integer, %(after_due)s::date, %(after_at)s::timestamptz, %(after_line)s::integer, %(after_id)s::uuid)
order by -cases.priority, coalesce(cases.due, date '9999-12-31'), cases.created_at, cases.line, cases.id
limit %(limit)s

-- waits: one page of the cases that wait for more than a moment, the first to go on first
select cases.id, cases.id as case_id, cases.reference, cases.scenario, cases.waits_for, cases.wait_until, cases.due,
       cases.attempts, cases.data_key, cases.payload, run.title as run_title, run.run_date,
       last.code as last_code, asked.id as item, asked.note
from cases
join run on run.id = cases.run
left join lateral (select code from attempt where case_id = cases.id order by n desc limit 1) last on true
left join lateral (
    select id, note from exception_item where case_id = cases.id and decision = 'wait' order by closed_at desc limit 1
) asked on true
where cases.caisse = %(caisse)s and cases.state = 'waiting'
  and case %(kind)s::text
        when '' then cases.waits_for is not null or cases.wait_until > now() + interval '1 hour'
        when 'retry' then cases.waits_for is null and cases.wait_until > now() + interval '1 hour'
        else cases.waits_for = %(kind)s
      end
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
  and (cases.wait_until, cases.id) > (%(after_at)s::timestamptz, %(after_id)s::uuid)
order by cases.wait_until, cases.id
limit %(limit)s

-- documents: one page of the cases that wait for a document, the longest first, each since an agent asked for it
select cases.id, cases.id as case_id, cases.reference, cases.scenario, cases.waits_for, cases.wait_until, cases.due,
       cases.attempts, cases.data_key, cases.payload, run.title as run_title, run.run_date,
       null as last_code, asked.id as item, asked.note, coalesce(asked.closed_at, cases.changed_at) as since
from cases
join run on run.id = cases.run
left join lateral (
    select id, note, closed_at from exception_item where case_id = cases.id and decision = 'wait' order by closed_at desc limit 1
) asked on true
where cases.caisse = %(caisse)s and cases.waits_for = 'document'
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
  and (coalesce(asked.closed_at, cases.changed_at), cases.id) > (%(after_at)s::timestamptz, %(after_id)s::uuid)
order by since, cases.id
limit %(limit)s

-- doubts: one page of the cases whose entry is in doubt and that robots will look at, the first to be looked at first
select cases.id, cases.id as case_id, cases.reference, cases.scenario, 'doubt' as waits_for, doubt.look_at as wait_until,
       cases.due, cases.attempts, cases.data_key, cases.payload, run.title as run_title, run.run_date,
       null as last_code, null as item, null as note
-- What is in doubt leads, by its own index (its order and the limit ask for that): row security hides from the planner how few that
-- are, and all entries would be read.
from (
    select case_id, max(look_at) as look_at from doubt_to_settle
    where caisse = %(caisse)s and case_id in (
        select case_id from entry where caisse = %(caisse)s and state in ('intent', 'doubtful') order by case_id limit 10001)
    group by case_id
) doubt
join cases on cases.id = doubt.case_id
join run on run.id = cases.run
where (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
  and (doubt.look_at, cases.id) > (%(after_at)s::timestamptz, %(after_id)s::uuid)
order by doubt.look_at, cases.id
limit %(limit)s

-- settled_items: one page of the exceptions that this person has settled, newest first
select item.id, item.scenario, item.cause, item.code, item.message, item.queue, item.restricted, item.opened_at,
       item.closed_at, item.decision, cases.id as case_id, cases.reference, cases.state::text as state, cases.ended_as,
       cases.data_key, cases.payload
from exception_item item join cases on cases.id = item.case_id
where item.caisse = %(caisse)s and item.closed_at is not null and item.closed_by = %(login)s
  and (not item.restricted or %(restricted)s)
  and (item.closed_at, item.id) < (%(before_at)s::timestamptz, %(before_id)s::uuid)
order by item.closed_at desc, item.id desc
limit %(limit)s

-- claim_next: the most urgent that nobody holds, for this person
update exception_item set claimed_by = %(login)s, claimed_until = now() + interval '15 minutes', version = version + 1
where id = (
    select item.id from cases join exception_item item on item.case_id = cases.id and item.closed_at is null
    where cases.caisse = %(caisse)s and cases.state in ('exception', 'awaiting_approval')
      and (not item.restricted or %(restricted)s) and (%(queue)s::text is null or item.queue = %(queue)s)
      and (item.claimed_by is null or item.claimed_until < now())
    order by -cases.priority, coalesce(cases.due, date '9999-12-31'), cases.created_at, cases.line, cases.id
    limit 1 for update of item skip locked
)
returning id

-- claim: compare and set; touches no row when somebody else was first
update exception_item set claimed_by = %(login)s, claimed_until = now() + interval '15 minutes', version = version + 1
where id = %(id)s and caisse = %(caisse)s and closed_at is null and (not restricted or %(restricted)s)
  and (claimed_by is null or claimed_until < now() or claimed_by = %(login)s)

-- renew_claim: its holder is still there
update exception_item set claimed_until = now() + interval '15 minutes'
where id = %(id)s and caisse = %(caisse)s and closed_at is null and claimed_by = %(login)s
  and claimed_until < now() + interval '13 minutes'

-- release: its holder lets go
update exception_item set claimed_by = null, claimed_until = null, revealed_at = null, version = version + 1
where id = %(id)s and caisse = %(caisse)s and closed_at is null and claimed_by = %(login)s

-- reveal: its holder asks to see names and numbers; the trigger records it
update exception_item set revealed_at = now(), claimed_until = now() + interval '15 minutes'
where id = %(id)s and caisse = %(caisse)s and closed_at is null and claimed_by = %(login)s and claimed_until >= now()

-- item: everything the page of an exception shows
select item.id, item.scenario, item.cause, item.code, item.message, item.failed, item.queue, item.restricted,
       item.attempt, item.opened_at, item.version, item.claimed_by, item.claimed_until, item.revealed_at, item.closed_at,
       item.closed_by, item.decision, item.note, item.amount_c, coalesce(item.claimed_until >= now(), false) as claim_alive,
       item.claimed_until - interval '15 minutes' as claim_seen,
       claimer.display_name as claimer, closer.display_name as closer,
       cases.id as case_id, cases.reference, cases.state::text as state, cases.ended_as, cases.version as case_version,
       cases.instruction,
       cases.attempts, cases.due, cases.line, cases.data_key, cases.payload, cases.findings,
       run.id as run, run.title as run_title, run.run_date, run.robot
from exception_item item
join cases on cases.id = item.case_id
join run on run.id = cases.run
left join account claimer on claimer.login = item.claimed_by
left join account closer on closer.login = item.closed_by
where item.id = %(id)s and item.caisse = %(caisse)s and (not item.restricted or %(restricted)s)

-- evidence_of: the captures of a case, newest first
select digest, attempt, step, kind, taken_at from evidence
where case_id = %(case_id)s and caisse = %(caisse)s order by taken_at desc, digest limit 20

-- capture: may this person see this capture
select evidence.digest from evidence join cases on cases.id = evidence.case_id
where cases.reference = %(reference)s and evidence.digest = %(digest)s and evidence.caisse = %(caisse)s
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))

-- entries_of: what was entered for a case, or may have been, with its last attempt
select entry.id, entry.state::text as state, entry.application, entry.keyword, entry.payment, entry.token, entry.amount_c,
       entry.reference, entry.settled_by, entry.planned_at, entry.settled_at, entry.line, entry.undoes,
       last.intent_at, last.ended_at, last.result, doubt.look_at, doubt.looked_at, doubt.login_ended_at
from entry
left join lateral (
    select n, intent_at, ended_at, result from entry_attempt where entry_attempt.entry = entry.id order by n desc limit 1
) last on true
join cases on cases.id = entry.case_id
left join doubt on doubt.entry = entry.id and doubt.n = last.n
where entry.case_id = %(case_id)s and entry.caisse = %(caisse)s
  -- what was planned and turned out not to be made is no entry of a case that has ended, nor what a person said is not due
  and not (entry.state = 'planned' and (cases.state = 'ended' or exists (
      select 1 from by_hand_entry line
      where line.entry = entry.id and line.case_id = cases.id and line.not_due_at is not null)))
order by entry.line nulls first, entry.undoes nulls first, entry.planned_at, entry.id

-- forgotten: the restoration that may have forgotten an entry of a case: it was due before, and was not closed in the backup
select restoration.backup_at, restoration.restored_at
from cases join run on run.id = cases.run
join restoration on restoration.caisse = cases.caisse
where cases.id = %(case_id)s and cases.caisse = %(caisse)s and run.mode = 'live'
  and run.run_date <= (restoration.restored_at at time zone 'Europe/Paris')::date
  and not (cases.state in ('ended', 'rejected', 'cancelled') and cases.changed_at <= restoration.backup_at)
order by restoration.restored_at desc limit 1

-- close_item: settle an exception under its claim; touches no row when the race is lost
update exception_item set
    closed_at = now(), closed_by = %(login)s, decision = %(decision)s, note = %(note)s, version = version + 1,
    claimed_by = null, claimed_until = null, revealed_at = null
where id = %(id)s and caisse = %(caisse)s and version = %(version)s and closed_at is null and claimed_by = %(login)s

-- keep_item: its holder goes on with it later, with what is written so far
update exception_item set note = %(note)s, version = version + 1, claimed_until = now() + interval '15 minutes'
where id = %(id)s and caisse = %(caisse)s and version = %(version)s and closed_at is null and claimed_by = %(login)s

-- hand_over: another basket; the claim goes, sensitive stays sensitive
update exception_item set
    queue = %(queue)s, restricted = restricted or %(sensitive)s, note = %(note)s, version = version + 1,
    claimed_by = null, claimed_until = null, revealed_at = null
where id = %(id)s and caisse = %(caisse)s and version = %(version)s and closed_at is null and claimed_by = %(login)s
  and queue <> %(queue)s

-- resume_case: the robot goes on with the case, on the instruction of a person
update cases set state = 'ready', instruction = %(instruction)s
where id = %(id)s and caisse = %(caisse)s and version = %(version)s and state = 'exception'

-- resume_corrected: the same with corrected fields; refused once anything was or may have been entered
update cases set state = 'ready', instruction = %(instruction)s, payload = %(payload)s
where id = %(id)s and caisse = %(caisse)s and version = %(version)s and state = 'exception'
  and not exists (select 1 from entry where entry.case_id = cases.id and entry.state <> 'planned')

-- put_to_wait: a document is expected; the robot goes on when it is there, or on that day
update cases set state = 'waiting', wait_until = %(wait_until)s, waits_for = 'document', instruction = null
where id = %(id)s and caisse = %(caisse)s and version = %(version)s and state = 'exception'

-- wait_again: a case that was taken out of its wait, and given back, waits as before
update cases set state = 'waiting', wait_until = %(wait_until)s, waits_for = %(waits_for)s, instruction = null
where id = %(id)s and caisse = %(caisse)s and version = %(version)s and state = 'exception'

-- reject_case: a person refuses it; refused once the entry is proven
update cases set state = 'rejected', instruction = null
where id = %(id)s and caisse = %(caisse)s and version = %(version)s and state = 'exception'
  and not exists (select 1 from entry where entry.case_id = cases.id and entry.undoes is null
                  and entry.state in ('confirmed', 'by_hand'))

-- dossier: a case by its reference
select cases.id, cases.reference, cases.scenario, cases.state::text as state, cases.ended_as, cases.attempts, cases.line,
       cases.due, cases.created_at, cases.changed_at, cases.wait_until, cases.waits_for, cases.version,
       cases.instruction,
       cases.data_key, cases.payload,
       (select max(look_at) from doubt_to_settle where doubt_to_settle.case_id = cases.id) as doubt_at,
       run.id as run, run.title as run_title, run.run_date, run.robot, delivery.file_name,
       item.id as open_item, item.queue, claimer.display_name as claimer,
       coalesce(item.claimed_until >= now(), false) as claim_alive, approval.id as open_approval
from cases
join run on run.id = cases.run
join delivery on delivery.id = run.delivery
left join exception_item item on item.case_id = cases.id and item.closed_at is null
left join account claimer on claimer.login = item.claimed_by
left join lateral (
    select id from approval where approval.case_id = cases.id and approval.state = 'asked' order by asked_at, id limit 1
) approval on true
where cases.reference = %(reference)s and cases.caisse = %(caisse)s
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))

-- find_by_digest: the cases of a person, by blind index, newest first
select cases.id, cases.reference, cases.state::text as state, cases.ended_as, cases.created_at, run.title as run_title,
       cases.data_key, cases.payload, cases.scenario,
       (select max(look_at) from doubt_to_settle where doubt_to_settle.case_id = cases.id) as doubt_at
from cases join run on run.id = cases.run
where cases.id in (select case_id from blind_index where digest = %(digest)s) and cases.caisse = %(caisse)s
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
order by cases.created_at desc, cases.id limit 50

-- timeline: all that happened to a case, oldest first, from the tables
select at, kind, what, who, detail from (
    select created_at as at, 10 as place, 'case' as kind, 'loaded' as what, null as who,
           'ligne ' || line as detail
    from cases where id = %(case_id)s
    union all
    select attempt.started_at, 20, 'attempt', 'started', robot_session.robot, 'tentative ' || attempt.n
    from attempt join robot_session on robot_session.id = attempt.session where case_id = %(case_id)s
    union all
    select attempt.ended_at, 60, 'attempt', coalesce(outcome, 'ended'), null,
           concat_ws(' · ', 'tentative ' || attempt.n, case when outcome in ('retry', 'exception:business') then code end)
    from attempt where case_id = %(case_id)s and attempt.ended_at is not null
    union all
    select planned_at, 30, 'entry', 'planned', null, token from entry where case_id = %(case_id)s
    union all
    select intent_at, 40, 'entry', 'intent', null, 'essai ' || entry_attempt.n
    from entry_attempt join entry on entry.id = entry_attempt.entry where entry.case_id = %(case_id)s
    union all
    select entry_attempt.ended_at, 50, 'entry', coalesce(entry_attempt.result, 'open'), null, 'essai ' || entry_attempt.n
    from entry_attempt join entry on entry.id = entry_attempt.entry
    where entry.case_id = %(case_id)s and entry_attempt.ended_at is not null
    union all
    select doubt.began_at, 51, 'doubt', 'begun', null, 'essai ' || doubt.n
    from doubt where doubt.case_id = %(case_id)s
    union all
    select doubt.login_ended_at, 52, 'doubt', 'login_ended', null, 'essai ' || doubt.n
    from doubt where doubt.case_id = %(case_id)s and doubt.login_ended_at is not null
    union all
    select doubt.looked_at, 53, 'doubt', doubt.seen, null, concat_ws(' · ', 'essai ' || doubt.n, doubt.reference)
    from doubt where doubt.case_id = %(case_id)s and doubt.looked_at is not null
    union all
    select settled_at, 55, 'entry', 'settled_' || state::text, settled_by, reference
    from entry where case_id = %(case_id)s and settled_at is not null
    union all
    select taken_at, 58, 'evidence', kind, null, step from evidence where case_id = %(case_id)s
    union all
    select opened_at, 70, 'exception', 'opened', null,
           concat_ws(' · ', case when cause = 'business' then code end, message)
    from exception_item where case_id = %(case_id)s
    union all
    select closed_at, 80, 'exception', decision, coalesce(account.display_name, closed_by), exception_item.code
    from exception_item left join account on account.login = closed_by
    where case_id = %(case_id)s and closed_at is not null
    union all
    select taken_at, 85, 'by_hand', 'taken', coalesce(account.display_name, taken_by),
           concat_ws(' · ', upper(application), case waits_for when 'date' then 'attendait une date'
                                                               when 'document' then 'attendait une pièce' end)
    from by_hand left join account on account.login = taken_by where case_id = %(case_id)s
    union all
    select said.at, 88, 'by_hand', said.what, coalesce(account.display_name, said.who), said.detail
    from by_hand_entry
    cross join lateral (values
        (declared_at, 'declared', declared_by, concat_ws(', ', 'n° ' || reference, title)),
        (left_at, 'left', left_by, title),
        (not_due_at, 'not_due', not_due_by, title)
    ) said (at, what, who, detail)
    left join account on account.login = said.who
    where case_id = %(case_id)s and said.at is not null
    union all
    select given_back_at, 95, 'by_hand', 'given_back', coalesce(account.display_name, given_back_by), null
    from by_hand left join account on account.login = given_back_by
    where case_id = %(case_id)s and given_back_at is not null
    union all
    select said.at, 90, 'further', said.what, coalesce(account.display_name, said.who), said.detail
    from further_entry further join entry on entry.id = further.entry
    cross join lateral (values
        (further.asked_at, 'asked', further.asked_by, concat_ws(' : ', 'n° ' || entry.reference, further.reason)),
        (coalesce(further.decided_at, further.asked_at), nullif(further.state, 'asked'), further.decided_by, 'n° ' || entry.reference)
    ) said (at, what, who, detail)
    left join account on account.login = said.who
    where entry.case_id = %(case_id)s and said.what is not null
    union all
    select asked_at, 65, 'approval', 'asked', author, null from approval where case_id = %(case_id)s
    union all
    select decided_at, 90, 'approval', state, coalesce(account.display_name, validator), null
    from approval left join account on account.login = validator
    where case_id = %(case_id)s and decided_at is not null
) events order by at, place limit 500

-- approvals: one page of what waits for a second person, in the order of work: priority, due date, arrival
select asked.id, asked.amount_c, asked.asked_at, asked.expires_at, asked.author, asked.case_id, asked.reference, asked.priority,
       asked.due, asked.created_at, asked.line, run.title as run_title,
       asked.author = %(login)s or asked_once_more(asked.entry, %(login)s) or exists (
           select 1 from exception_item item where item.case_id = asked.case_id
             and (%(login)s in (item.closed_by, item.claimed_by) or %(login)s = any (item.worked_by))) as excluded
-- the page first: whether this person may approve is asked of its rows alone
from (
    select approval.id, approval.amount_c, approval.asked_at, approval.expires_at, approval.author, approval.entry,
           cases.id as case_id, cases.reference, cases.priority, cases.due, cases.created_at, cases.line, cases.run
    from cases
    -- offset 0: cases lead, in the order of their index, as in open_items
    join lateral (select * from approval where case_id = cases.id and state = 'asked' and expires_at > now() offset 0) approval
        on true
    where cases.caisse = %(caisse)s and cases.state in ('exception', 'awaiting_approval')
      and (%(restricted)s or not exists (
          select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
      and (-cases.priority, coalesce(cases.due, date '9999-12-31'), cases.created_at, cases.line, cases.id)
          > (%(after_rank)s::integer, %(after_due)s::date, %(after_at)s::timestamptz, %(after_line)s::integer, %(after_id)s::uuid)
    order by -cases.priority, coalesce(cases.due, date '9999-12-31'), cases.created_at, cases.line, cases.id
    limit %(limit)s
) asked
join run on run.id = asked.run
order by -asked.priority, coalesce(asked.due, date '9999-12-31'), asked.created_at, asked.line, asked.case_id

-- approval: what will be entered, and whether this person may decide it
select approval.id, approval.case_id, approval.values_digest, approval.payload, approval.amount_c, approval.roles,
       approval.author, approval.asked_at, approval.expires_at, approval.state, approval.validator, approval.decided_at,
       approval.expires_at <= now() as expired, validator.display_name as validator_name,
       cases.reference, cases.scenario, cases.data_key, run.title as run_title, run.run_date, run.robot,
       entry.application, entry.keyword, entry.token, entry.payment,
       (select coalesce(account.display_name, by_hand.taken_by) from by_hand
        left join account on account.login = by_hand.taken_by
        where by_hand.case_id = cases.id and by_hand.given_back_at is null and by_hand.read_back_at is null) as taker,
       approval.author = %(login)s or asked_once_more(approval.entry, %(login)s) or exists (
           select 1 from exception_item item where item.case_id = approval.case_id
             and (%(login)s in (item.closed_by, item.claimed_by) or %(login)s = any (item.worked_by))) as excluded
from approval
join cases on cases.id = approval.case_id
join run on run.id = cases.run
join entry on entry.id = approval.entry
left join account validator on validator.login = approval.validator
where approval.id = %(id)s and approval.caisse = %(caisse)s
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))

-- decide_approval: four eyes, compare and set; touches no row unless everything still holds
update approval set state = %(state)s, validator = %(login)s, decided_at = now()
where id = %(id)s and caisse = %(caisse)s and state = 'asked' and expires_at > now()
  and values_digest = %(values_digest)s and author <> %(login)s
  and not asked_once_more(approval.entry, %(login)s)
  and exists (select 1 from account where login = %(login)s and active and role = any (approval.roles))
  and not exists (
      select 1 from exception_item item where item.case_id = approval.case_id
        and (%(login)s in (item.closed_by, item.claimed_by) or %(login)s = any (item.worked_by)))
returning case_id

-- resume_approved: the robot enters what was approved
update cases set state = 'ready', instruction = %(instruction)s
where id = %(id)s and caisse = %(caisse)s and state = 'awaiting_approval'

-- lock_case: keep a case's row until the end of the transaction
select id from cases where id = %(id)s and caisse = %(caisse)s for update

-- others_asked: what (else) of a case waits for a second person; asked once its row is kept
select count(*) as asked from approval where case_id = %(case_id)s and caisse = %(caisse)s and state = 'asked'

-- void_others: what else was asked for a refused case is asked no more, nor anything of a case that a person takes by hand
update approval set state = 'void' where case_id = %(case_id)s and caisse = %(caisse)s and state = 'asked'

-- stop_refused: an agent takes over what a supervisor refused
update cases set state = 'exception' where id = %(id)s and caisse = %(caisse)s and state = 'awaiting_approval'
returning id, scenario, attempts, data_key

-- open_refused: the exception of a refusal
insert into exception_item (id, caisse, case_id, scenario, cause, code, message, queue, restricted, attempt, note)
select %(id)s, %(caisse)s, cases.id, cases.scenario, 'business', 'VALIDATION', %(message)s, %(queue)s,
       exists (select 1 from exception_item old where old.case_id = cases.id and old.restricted),
       cases.attempts, %(note)s
from cases where cases.id = %(case_id)s

-- stopped_application: one application that is closed to robots
select application, reason, stopped_at, stopped_by, proposal from application_stop
where caisse = %(caisse)s and application = %(application)s

-- screen_differences: what was different when an application was closed, in the order of the walk
select screen, said, alters from screen_difference
where caisse = %(caisse)s and application = %(application)s order by place

-- outside_of_run: what acts by itself in a run, outside the guarantee
select distinct library from scenario_version asked, unnest(asked.outside) library
where asked.hash in (select version from run where id = %(run)s union select begun_under from cases where run = %(run)s)
order by library

-- outside_of_case: what acts by itself on a case, outside the guarantee
select distinct library from attempt join scenario_version asked on asked.hash = attempt.version, unnest(asked.outside) library
where attempt.case_id = %(case_id)s order by library

-- runs: one page of runs, newest first, with where their cases stand
select run.id, run.title, run.scenario, run.mode, run.run_date, run.started_at, delivery.file_name, delivery.rows,
       counts.active, counts.entered, counts.exceptions, counts.approvals, counts.finished, asked.outside
-- the page first: only its runs are counted
from (
    select * from run
    where run.caisse = %(caisse)s and (run.started_at, run.id) < (%(before_at)s::timestamptz, %(before_id)s::uuid)
    order by run.started_at desc, run.id desc
    limit %(limit)s
) run
join delivery on delivery.id = run.delivery
join scenario_version asked on asked.hash = run.version
cross join lateral (
    select count(*) filter (where state in ('ready', 'waiting', 'leased')) as active,
           count(*) filter (where state = 'ended' and ended_as = 'entered') as entered,
           count(*) filter (where state = 'exception') as exceptions,
           count(*) filter (where state = 'awaiting_approval') as approvals,
           count(*) filter (where state in ('ended', 'rejected', 'cancelled')) as finished
    from cases where cases.run = run.id
) counts
order by run.started_at desc, run.id desc

-- run: one run
select run.id, run.title, run.scenario, run.mode, run.run_date, run.started_at, run.robot, run.version,
       delivery.file_name, delivery.rows, delivery.received_at,
       closing.closed_at, closing.reason as not_closed, closing.tries as closing_tries,
       (select count(*) from row_set_aside where row_set_aside.delivery = delivery.id) as set_aside
from run join delivery on delivery.id = run.delivery left join closing on closing.run = run.id
where run.id = %(id)s and run.caisse = %(caisse)s

-- run_counts: how many cases of a run stand where
select state::text as state, ended_as, count(*) as cases from cases where run = %(run)s group by state, ended_as

-- run_pace: how fast a run goes: cases that left the robot in the last minute, and since its first attempt
select count(*) filter (where state not in ('ready', 'waiting', 'leased') and changed_at > now() - interval '1 minute')
           as last_minute,
       extract(epoch from max(changed_at) filter (where state not in ('ready', 'waiting', 'leased')) - run.started_at)::float
           as busy_seconds,
       extract(epoch from now() - run.started_at)::float as age_seconds
from run left join cases on cases.run = run.id
where run.id = %(run)s group by run.id

-- run_amounts: centimes entered in a run, and centimes that wait for a second person; entries are looked for by the ids of all
-- cases at once, since those of a run are neighbours in the index
select coalesce((select sum(entry.amount_c) from entry
                 where entry.case_id = any (array(select id from cases where run = %(run)s and ended_as = 'entered'))
                   and entry.state = 'confirmed' and entry.undoes is null), 0)::bigint
           as entered_c,
       coalesce((select sum(approval.amount_c) from approval join cases on cases.id = approval.case_id
                 where cases.run = %(run)s and approval.state = 'asked'), 0)::bigint as awaiting_c,
       -- the states of those that are looked at, for the index
       (select count(distinct doubt.case_id) from doubt_to_settle doubt join cases on cases.id = doubt.case_id
        where cases.run = %(run)s and cases.state in ('ready', 'waiting', 'leased')) as doubts

-- run_rows_aside: rows that did not become a case, one page by line
select aside.line, aside.code, aside.reason, cases.reference as open_case
from row_set_aside aside
join run on run.delivery = aside.delivery
left join cases on cases.id = aside.open_case and (%(restricted)s or not exists (
    select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
where run.id = %(run)s and run.caisse = %(caisse)s and aside.line > %(after)s
order by aside.line limit %(limit)s

-- create_machine: as owner: a machine, or a new token and scenario for an existing one
insert into machine (login, caisse, scenario, token_digest)
values (%(login)s, %(caisse)s, %(scenario)s, %(token_digest)s)
on conflict (login) do update set
    caisse = excluded.caisse, scenario = excluded.scenario, token_digest = excluded.token_digest,
    created_at = now(), revoked_at = null

-- revoke_machine: as owner: its token opens nothing any more
update machine set revoked_at = now() where login = %(login)s and caisse = %(caisse)s and revoked_at is null

-- machine: whose token this is
select login, scenario from machine
where token_digest = %(token_digest)s and caisse = %(caisse)s and revoked_at is null
