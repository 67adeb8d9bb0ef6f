-- bare_table: the table of the bare loop: what a queue needs, and nothing else
create table if not exists bare_job (
    id bigint generated always as identity primary key,
    state text not null default 'ready',
    created_at timestamptz not null default now()
)

-- bare_index: what its claim reads
create index if not exists bare_job_ready on bare_job (created_at, id) where state = 'ready'

-- bare_load: ready jobs
insert into bare_job (state) select 'ready' from generate_series(1, %(jobs)s)

-- bare_claim: the next job
update bare_job set state = 'leased'
where id = (select id from bare_job where state = 'ready' order by created_at, id limit 1 for update skip locked)
returning id

-- bare_end: a job is done
update bare_job set state = 'ended' where id = %(id)s

-- wave: how many cases of a run robots have done with, and how many are left; one that waits for a day is done with
select count(*) filter (where not busy) as done, count(*) filter (where busy) as left
from (
    select state in ('ready', 'leased') or (state = 'waiting' and waits_for is distinct from 'date') as busy
    from cases where run = %(run)s
) stand

-- unwatched: let what follows in this session write without triggers; a bench fills its own database so
select set_config('session_replication_role', 'replica', false)

-- fill: cases in a state, as a large installation has them; the run's own version and days
insert into cases (id, caisse, run, scenario, line, reference, key_digest, state, ended_as, wait_until, data_key, payload,
                   begun_under, created_at)
select gen_random_uuid(), run.caisse, run.id, run.scenario, %(first)s + number, 'BANC-' || (%(first)s + number),
       int8send(%(first)s + number), %(state)s::case_state,
       case when %(state)s = 'ended' then 'done' end,
       case when %(state)s = 'waiting' then now() + interval '1 day' end, '\x00', '\x00', run.version,
       now() - interval '30 days'
from run, generate_series(1, %(cases)s) number where run.id = %(run)s

-- watched: triggers write again
select set_config('session_replication_role', 'origin', false)

-- after_maintenance: as the database is after its nightly maintenance
vacuum analyze cases

-- held_twice: cases that two sessions held at one time, by the attempts; none is the promise
select count(*) as cases from attempt one
join attempt other on other.case_id = one.case_id and other.n > one.n and other.started_at < one.ended_at
where one.caisse = %(caisse)s and one.scenario = %(scenario)s

-- ended: how many cases of a scenario have ended
select count(*) as cases from cases where caisse = %(caisse)s and scenario = %(scenario)s and state = 'ended'

-- spread: cases of a run wait for instants that are spread over some seconds
update cases set state = 'waiting', wait_until = now() + make_interval(secs => 3 + random() * %(seconds)s)
where run = %(run)s returning id, wait_until

-- begun: when each case of a run was begun
select attempt.case_id, min(attempt.started_at) from attempt join cases on cases.id = attempt.case_id
where cases.run = %(run)s group by attempt.case_id

-- ready_again: when each case last went from a session that died back to the ready ones
select object as reference, max(at) as at from audit_outbox
where caisse = %(caisse)s and verb = 'case.ready' and details ->> 'from' = 'leased' group by object

-- copied_table: the rows of a delivery as they are, with their key
create table if not exists copied_row (
    nir text, birth_name text, stop_id text, anomaly text, raised_on date, amount numeric, primary key (nir, stop_id)
)

-- copy: rows as COPY reads them
copy copied_row from stdin (format csv, delimiter ';')
