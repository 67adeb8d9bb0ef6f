-- register_runner: a runner begins
insert into runner (id, host, pid) values (%(id)s, %(host)s, %(pid)s)
on conflict (id) do update set last_seen = now(), stopped_at = null

-- beat_runner: a runner is alive
update runner set last_seen = now() where id = %(id)s

-- stop_runner: a runner ends
update runner set stopped_at = now() where id = %(id)s

-- begin: a robot session begins
insert into robot_session (id, caisse, runner, robot, scenario)
values (%(id)s, %(caisse)s, %(runner)s, %(robot)s, %(scenario)s)

-- end: a robot session ends
update robot_session set ended_at = now(), end_reason = %(reason)s where id = %(id)s and ended_at is null

-- stop_application: close an application to every robot, once
insert into application_stop (caisse, application, reason) values (%(caisse)s, %(application)s, %(reason)s)
on conflict do nothing

-- stopped_applications: the applications closed to robots
select application, reason, stopped_at from application_stop where caisse = %(caisse)s order by application

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
