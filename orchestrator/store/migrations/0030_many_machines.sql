-- Runners say what they are: their labels, their program, that they are leaving. A robot may ask for labels; a migration says which
-- programs may still run beside it (ADR 40).
alter table migration add column compatible_from text;

alter table runner
    add column login name not null default session_user,
    add column labels text[] not null default '{}',
    add column program text,
    add column knows text,
    add column leaving_at timestamptz;

-- The labels that a robot asks of the machine that hosts it, as its robot.yaml says on the orchestrator.
create table robot_labels (
    caisse text not null,
    robot text not null,
    labels text[] not null,
    primary key (caisse, robot)
);

alter table alert drop constraint alert_kind_check;
alter table alert add constraint alert_kind_check check (kind in ('scenario_stopped', 'application_stopped', 'doubt', 'gap',
    'reconciliation', 'log', 'backup', 'not_run', 'unhosted', 'test'));

create index run_of_scenario on run (caisse, scenario, started_at);

-- What the robot of a scenario asks of a machine.
create function labels_of(in_caisse text, asked text) returns text[] language sql stable security definer as $$
    select coalesce((select labels from robot_labels where caisse = in_caisse and robot = (
        select robot from run where run.caisse = in_caisse and run.scenario = asked order by started_at desc limit 1)), '{}')
$$;

-- May who asks host a session of a scenario? Who does not say its labels (a sweep, a program of before) is not asked for any.
create function may_host(in_caisse text, asked text) returns boolean language sql stable security definer as $$
    select current_setting('glr.labels', true) is null
        or labels_of(in_caisse, asked) <@ string_to_array(current_setting('glr.labels', true), ',')
$$;

-- Cases that may be taken now, and no living runner has the labels that their robot asks for.
create function unhosted(in_caisse text) returns table (scenario text, labels text[], cases bigint)
    language sql stable security definer as $$
    select turn.scenario, needed.labels, count(*)
    from case_turn turn join robot_labels needed on needed.caisse = turn.caisse and needed.robot = turn.robot
    where turn.caisse = in_caisse and needed.labels <> '{}' and not exists (
        select from runner join runner_login allowed on allowed.login = runner.login and allowed.caisse = in_caisse
        where runner.stopped_at is null and runner.leaving_at is null and runner.last_seen > now() - interval '15 seconds'
          and runner.labels @> needed.labels)
    group by turn.scenario, needed.labels order by turn.scenario
$$;
