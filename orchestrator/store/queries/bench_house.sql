-- runs: deliveries and their runs, as years of work leave them; those of another run's version
with made as (
    select number, md5('run ' || number)::uuid as id, now() - make_interval(hours => number) as at
    from generate_series(1, %(runs)s) number
), delivered as (
    insert into delivery (id, caisse, scenario, file_name, sha256, rows, received_at)
    select made.id, run.caisse, run.scenario, 'banc.csv', 'banc-' || made.number, %(rows)s, made.at
    from made, run where run.id = %(run)s
)
insert into run (id, caisse, scenario, title, version, delivery, robot, mode, run_date, started_at)
select made.id, run.caisse, run.scenario, run.title, run.version, made.id, run.robot, 'live', made.at::date, made.at
from made, run where run.id = %(run)s

-- cases: all ended but the first of each state, which are of the newest run; their ids in the order of time, as a load gives
-- them (milliseconds of 16 rows each, then what is random)
insert into cases (id, caisse, run, scenario, line, reference, key_digest, state, ended_as, wait_until, waits_for, attempts,
                   data_key, payload, begun_under, created_at, changed_at)
select (lpad(to_hex((extract(epoch from run.started_at) * 1000)::bigint + place.line / 16), 12, '0')
        || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid,
       run.caisse, run.id, run.scenario, 2 + place.line, 'BANC-' || place.run || '-' || place.line,
       int8send(place.run * 1000000000::bigint + place.line), stands.state,
       case when stands.state = 'ended' then (array['entered', 'entered', 'entered', 'done'])[1 + place.line %% 4] end,
       case when stands.state = 'waiting' then now() + make_interval(days => 1 + place.line %% 60) end,
       case when stands.state = 'waiting' then 'date' end,
       1, decode(repeat('00', 60), 'hex'), decode(repeat('00', 300), 'hex'), run.version, run.started_at,
       run.started_at + make_interval(secs => place.line)
from (select run, line from generate_series(1, %(runs)s) run, generate_series(1, %(rows)s) line) place
join run on run.id = md5('run ' || place.run)::uuid
cross join lateral (select (case when place.run > 1 or place.line > %(open)s then 'ended'
    else (array['exception', 'exception', 'awaiting_approval', 'waiting'])[1 + place.line %% 4] end)::case_state as state) stands
order by place.run, place.line

-- attempts: one of each case
insert into attempt (case_id, n, caisse, epoch, session, started_at, ended_at, outcome, scenario, version, incident)
select id, 1, caisse, 1, run, created_at, changed_at, coalesce('ended:' || ended_as, state::text), scenario, begun_under, false
from cases where reference like 'BANC-%%'

-- sessions: one of each run
insert into robot_session (id, caisse, runner, robot, scenario, started_at, ended_at)
select id, caisse, id, robot, scenario, started_at, now() from run

-- indexed: whom each case is of, as a search by number finds it
insert into blind_index (case_id, caisse, field, digest)
select id, caisse, 'nir', key_digest from cases where reference like 'BANC-%%'

-- captures: one of each case
insert into evidence (digest, case_id, caisse, attempt, step, kind, bytes, taken_at)
select md5(reference), id, caisse, 1, 'lire', 'capture', 20000, changed_at from cases where reference like 'BANC-%%'

-- entries: what was entered, and what waits for a second person
insert into entry (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id, state, amount_c, reference,
                   planned_at, settled_at)
select id, caisse, key_digest, scenario, 'compta', 'compta.enter', true, 'banc', id,
       (case when state = 'ended' then 'confirmed' else 'planned' end)::entry_state, 10000,
       case when state = 'ended' then reference end, created_at, case when state = 'ended' then changed_at end
from cases where reference like 'BANC-%%' and (ended_as = 'entered' or state = 'awaiting_approval')

-- tries: how each entry was made
insert into entry_attempt (entry, n, caisse, case_id, epoch, session, values_digest, intent_at, ended_at, result)
select id, 1, caisse, case_id, 1, id, '\x00', planned_at, settled_at, 'confirmed' from entry where state = 'confirmed'

-- approvals: one of each entry
insert into approval (id, caisse, case_id, entry, values_digest, payload, amount_c, roles, author, asked_at, expires_at, state,
                      validator, decided_at)
select id, caisse, case_id, id, '\x00', '\x00', amount_c, '{superviseur}', 'responsable', planned_at,
       now() + interval '30 days', case when state = 'planned' then 'asked' else 'approved' end,
       case when state = 'confirmed' then 'superviseur' end, settled_at
from entry

-- exceptions: one case in ten had one, which somebody settled; those that stand in one have theirs
insert into exception_item (id, caisse, case_id, scenario, cause, code, message, queue, attempt, opened_at, closed_at, closed_by,
                            decision)
select id, caisse, id, scenario, 'business', 'BANC', 'Banc', 'banc-' || line %% 5, 1, changed_at,
       case when state = 'ended' then changed_at end, case when state = 'ended' then 'agent-' || line %% 40 end,
       case when state = 'ended' then 'resend' end
from cases where reference like 'BANC-%%' and (state in ('exception', 'awaiting_approval') or state = 'ended' and line %% 10 = 0)

-- closings: every run has closed
insert into closing (run, caisse, tries, next_try_at, closed_at) select id, caisse, 1, started_at, now() from run

-- open_amounts: the newest run read a list of money that is open, those that wait for somebody before those that ended
insert into open_amount (run, line, caisse, case_id, number, amount_c, since, state, reject_code)
select run, line, caisse, id, 'ACP-2026-' || line, 10000 + line, current_date - line %% 500, 'LIQUIDEE', ''
from cases where run = md5('run 1')::uuid and line <= %(open)s + 1000

-- after_maintenance: as the database is after its nightly maintenance
vacuum analyze

-- one: a case to ask about
select id, reference, run, key_digest from cases where reference = %(reference)s
