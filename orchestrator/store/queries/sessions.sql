-- register_runner: a runner begins
insert into runner (id, host, pid) values (%(id)s, %(host)s, %(pid)s)
on conflict (id) do update set last_seen = now(), stopped_at = null

-- describe_runner: what a runner is: labels of its machine, version, last migration it knows
update runner set labels = %(labels)s, program = %(program)s, knows = %(knows)s, leaving_at = null where id = %(id)s

-- leave_runner: a runner takes no more tickets
update runner set leaving_at = coalesce(leaving_at, now()), last_seen = now() where id = %(id)s

-- keep_labels: remember what a robot asks of a machine, when that is new
insert into robot_labels (caisse, robot, labels) values (%(caisse)s, %(robot)s, %(labels)s)
on conflict (caisse, robot) do update set labels = excluded.labels where robot_labels.labels <> excluded.labels

-- unhosted: cases whose labels no living runner has
select scenario, labels, cases from unhosted(%(caisse)s)

-- living_runners: runners that give signs of life, here or elsewhere
select host, pid, labels, program, leaving_at from runner
where stopped_at is null and last_seen > now() - interval '15 seconds' order by host, started_at, id

-- other_programs: do runners of another program than this one live beside it
select exists (
    select 1 from runner other join runner mine on mine.id = %(runner)s
    where other.stopped_at is null and other.last_seen > now() - interval '15 seconds'
      and (other.program, other.knows) is distinct from (mine.program, mine.knows)
) as beside

-- beat_runner: a runner is alive
update runner set last_seen = now() where id = %(id)s

-- stop_runner: a runner ends
update runner set stopped_at = now() where id = %(id)s

-- begin: a robot session begins
insert into robot_session (id, caisse, runner, robot, scenario)
values (%(id)s, %(caisse)s, %(runner)s, %(robot)s, %(scenario)s)

-- end: a robot session ends
update robot_session set ended_at = now(), end_reason = %(reason)s where id = %(id)s and ended_at is null

-- take_seats: take a session's seats in the applications that it works in; returns the one that has none left
select take_seats(%(session)s, %(applications)s::text[]) as full_up

-- crowded: may this session take no case any more: lost, or its seats are among those that are gone
select not keeps_seat(%(session)s) as crowded

-- beat: a session is alive
update robot_session set last_seen = now() where id = %(session)s and ended_at is null

-- sweep_lost: sessions without a sign of life have ended; their seats are free, and they may take no case any more
with lost as (
    update robot_session set ended_at = now(), end_reason = 'lost'
    where id in (
        select id from robot_session where ended_at is null and last_seen < now() - interval '30 seconds'
        order by id for update skip locked
    )
    returning id, caisse
)
select id, caisse from lost order by id

-- closed_applications: the applications in which a session may not work now
select application from application_closed
where caisse = %(caisse)s and (trial = %(session)s::uuid and trial_case is null) is not true

-- hung: those of a runner's processes that nothing else ends: their last attempt has lasted longer than any may, or a sweep
-- has taken them for lost; who stands still keeps the place of a session that would work
select robot_session.id from robot_session
left join lateral (
    select started_at, ended_at from attempt where attempt.session = robot_session.id order by started_at desc, ended_at desc limit 1
) last on true
where robot_session.id = any(%(hosted)s::uuid[])
  and (robot_session.end_reason = 'lost'
       or robot_session.ended_at is null and last.ended_at is null and last.started_at < now() - %(longest)s)

-- stop_application: close an application to every robot, once
select true from (select close_to_robots(%(caisse)s, %(application)s, %(reason)s, null) as closed) stop where closed

-- stop_by_person: a person closes an application to every robot
select true from (select close_to_robots(%(caisse)s, %(application)s, %(reason)s, %(login)s) as closed) stop where closed

-- keep_proposal: remember the change that would follow what was different
update application_stop set proposal = %(proposal)s where caisse = %(caisse)s and application = %(application)s

-- keep_difference: remember what was different when an application was closed
insert into screen_difference (caisse, application, place, screen, said, alters)
values (%(caisse)s, %(application)s, %(place)s, %(screen)s, %(said)s, %(alters)s)

-- begin_walk: take the walk of an application, unless another session walks it now or it has just passed
insert into screen_walk (caisse, application, basis, session)
values (%(caisse)s, %(application)s, %(basis)s, %(session)s)
on conflict (caisse, application, basis) do update
set session = excluded.session, begun_at = now(), passed_at = null
where coalesce(screen_walk.passed_at + interval '120 seconds', screen_walk.begun_at + interval '60 seconds') < now()
returning true as mine

-- walk_passed: did a walk of the same screens pass a moment ago?
select passed_at is not null and passed_at + interval '120 seconds' >= now() as passed
from screen_walk where caisse = %(caisse)s and application = %(application)s and basis = %(basis)s

-- pass_walk: nothing was found that could alter an entry
update screen_walk set passed_at = now(), unseen = %(unseen)s
where caisse = %(caisse)s and application = %(application)s and basis = %(basis)s and session = %(session)s

-- forget_walks: the next session walks anew, whatever was walked before
delete from screen_walk where caisse = %(caisse)s and application = %(application)s

-- stopped_applications: the applications closed to robots
select application, reason, stopped_at, stopped_by, retry_at,
       (select count(*) from screen_difference difference
        where difference.caisse = stop.caisse and difference.application = stop.application) as differences
from application_stop stop where caisse = %(caisse)s order by application

-- known_applications: every application that a version here is worked in, or that is closed to robots
select known.application, stop.reason, stop.stopped_at, stop.stopped_by, stop.retry_at,
       exists (select 1 from robot_session where robot_session.id = stop.trial and ended_at is null) as tried,
       setting.sessions, setting.per_account, setting.act_every, setting.zone, setting.days, setting.opens, setting.closes, setting.incidents,
       setting.incidents_within, setting.try_after, setting.set_by, setting.set_at,
       setting.opens is not null and not within_hours(now(), setting.zone, setting.days, setting.opens, setting.closes) as out_of_hours,
       (select count(*) from robot_session
        where ended_at is null and caisse = %(caisse)s and known.application = any (applications)) as working,
       (select count(*) from screen_difference difference
        where difference.caisse = %(caisse)s and difference.application = known.application) as differences,
       walk.passed_at as walked_at, walk.unseen
from (
    select used.application from version_application used
    join scenario_version version on version.hash = used.version where version.caisse = %(caisse)s
    union select application from application_stop where caisse = %(caisse)s
    union select application from application_setting where caisse = %(caisse)s
) known
left join application_stop stop on stop.caisse = %(caisse)s and stop.application = known.application
left join application_setting setting on setting.caisse = %(caisse)s and setting.application = known.application
left join lateral (
    select passed_at, unseen from screen_walk
    where caisse = %(caisse)s and application = known.application and passed_at is not null
    order by passed_at desc limit 1
) walk on true
order by known.application

-- reopen_application: open an application again
delete from application_stop where caisse = %(caisse)s and application = %(application)s

-- one_feeder: let one runner at a time count and add tickets, for this transaction alone
select pg_try_advisory_xact_lock(hashtext('glr.tickets')) as mine

-- live_tickets: tickets of a scenario that will or do run and whose holder is alive
select count(*) as live from procrastinate_jobs job
left join procrastinate_workers holder on holder.id = job.worker_id
where job.task_name = 'robot_session' and job.args ->> 'caisse' = %(caisse)s and job.args ->> 'scenario' = %(scenario)s
  and (job.status = 'todo' or (job.status = 'doing' and holder.last_heartbeat > now() - interval '15 seconds'))

-- bury_tickets: tickets whose holder died are failed; nothing re-runs them by itself (TRAPS, procrastinate)
select procrastinate_finish_job_v1(job.id, 'failed', false) from procrastinate_jobs job
left join procrastinate_workers holder on holder.id = job.worker_id
where job.task_name = 'robot_session' and job.status = 'doing'
  and (holder.id is null or holder.last_heartbeat < now() - interval '15 seconds')

-- open_now: the robot sessions that have not ended
select id, scenario, started_at from robot_session where ended_at is null
