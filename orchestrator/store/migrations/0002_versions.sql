-- Versions: the texts of each, two persons to publish one, its ramp, and the stop of a scenario with too many incidents.

-- What a version asks of the engine, so that neither runner nor claim reads a file.
alter table scenario_version add column parallel integer not null default 1 check (parallel between 1 and 64);
alter table scenario_version add column ramp integer[] not null default '{}';
alter table scenario_version add column incidents integer check (incidents between 1 and 99);

-- The texts of a version: enough to run it when the files on disk have changed.
create table version_file (
    version text not null references scenario_version,
    place integer not null,
    path text not null,
    content text not null,
    primary key (version, path)
);

-- A version proposed by one person and agreed to by another; a live scenario runs in a published version alone.
create table publication (
    id uuid primary key,
    caisse text not null,
    scenario text not null,
    version text not null references scenario_version,
    state text not null default 'proposed' check (state in ('proposed', 'published', 'replaced', 'withdrawn')),
    proposed_by text not null,
    proposed_at timestamptz not null default now(),
    note text not null default '',
    decided_by text,
    decided_at timestamptz,
    -- what the other cases run under while this one is in its ramp: the last version that had done with its own
    previous text references scenario_version,
    -- stages released so far beyond the first; cases it may begin (null: all); cases it has begun while they were counted
    stage integer not null default 0,
    allowed integer,
    begun integer not null default 0,
    constraint second_person check (decided_by is null or decided_by <> proposed_by),
    check ((state in ('published', 'replaced')) = (decided_by is not null)),
    check ((decided_by is null) = (decided_at is null)),
    constraint ramp_stage check (begun <= allowed)
);
create unique index publication_open on publication (caisse, scenario) where state = 'proposed';
create unique index publication_current on publication (caisse, scenario) where state = 'published';
create index publication_recent on publication (caisse, scenario, proposed_at desc);

-- A scenario closed to robots: nothing more is begun until a person has looked.
create table scenario_stop (
    id bigint generated always as identity primary key,
    caisse text not null,
    scenario text not null,
    reason text not null,
    stopped_at timestamptz not null default now(),
    released_at timestamptz,
    released_by text,
    check ((released_at is null) = (released_by is null))
);
create unique index scenario_stop_open on scenario_stop (caisse, scenario) where released_at is null;
create index scenario_stop_recent on scenario_stop (caisse, scenario, released_at desc);

-- Under which version a case was begun last, and each of its attempts.
alter table cases add column begun_under text references scenario_version;
alter table attempt add column scenario text;
alter table attempt add column version text references scenario_version;
-- true: the application failed; false: it did not; null: the attempt says nothing of it
alter table attempt add column incident boolean;
update attempt set scenario = cases.scenario, version = run.version
from cases join run on run.id = cases.run where cases.id = attempt.case_id;
alter table attempt alter column scenario set not null;
alter table attempt alter column version set not null;
create index attempt_judged on attempt (caisse, scenario, ended_at desc) where incident is not null;

-- Ready cases that may be taken now, with the version whose turn it is: a run that is not live keeps its own; of the others,
-- the published version takes what it has begun and what its ramp allows, the one before it takes the rest.
create view case_turn as
select turn.id, turn.caisse, turn.scenario, turn.version from (
    select cases.id, cases.caisse, cases.scenario,
           case when run.mode <> 'live' then run.version
                when cases.begun_under = now.version or now.allowed is null or now.begun < now.allowed then now.version
                else now.previous end as version
    from cases
    join run on run.id = cases.run
    left join publication now
        on now.caisse = cases.caisse and now.scenario = cases.scenario and now.state = 'published'
    where cases.state = 'ready' and not exists (
        select 1 from scenario_stop stop
        where stop.caisse = cases.caisse and stop.scenario = cases.scenario and stop.released_at is null)
) turn where turn.version is not null;

-- A case counts once for the version it is begun under; the CHECK is the stage of the ramp.
create function count_for_ramp() returns trigger language plpgsql as $$
begin
    if not exists (select 1 from attempt where case_id = new.id and version = new.begun_under) then
        update publication set begun = begun + 1
        where caisse = new.caisse and scenario = new.scenario and version = new.begun_under
          and state = 'published' and allowed is not null;
    end if;
    return new;
end
$$;
create trigger count_for_ramp after update on cases for each row
    when (new.state = 'leased' and old.state <> 'leased') execute function count_for_ramp();

create function publication_event() returns trigger language plpgsql as $$
declare
    allowed_moves constant text[] := array['proposed>published', 'proposed>withdrawn', 'published>replaced'];
begin
    if tg_op = 'UPDATE' then
        if (new.caisse, new.scenario, new.version, new.proposed_by)
           is distinct from (old.caisse, old.scenario, old.version, old.proposed_by) then
            raise exception 'what was proposed does not change' using errcode = 'GL006';
        end if;
        if new.begun < old.begun then
            raise exception 'begun cases stay counted' using errcode = 'GL002';
        end if;
        if new.state <> old.state and not (old.state || '>' || new.state) = any (allowed_moves) then
            raise exception 'impossible transition of a version % > %', old.state, new.state using errcode = 'GL003';
        end if;
        if new.state = old.state and new.stage = old.stage then
            return new;
        end if;
    elsif new.state <> 'proposed' then
        raise exception 'a version is proposed first' using errcode = 'GL003';
    end if;
    perform record_event(new.caisse,
        'version.' || case when tg_op = 'UPDATE' and new.state = old.state then 'stage_released' else new.state end,
        new.scenario, jsonb_strip_nulls(jsonb_build_object('version', new.version, 'proposed_by', new.proposed_by,
            'decided_by', new.decided_by, 'previous', new.previous, 'stage', new.stage, 'allowed', new.allowed,
            'begun', new.begun)));
    return new;
end
$$;
create trigger publication_event before insert or update on publication for each row execute function publication_event();

-- Too many incidents among the last attempts close the scenario; at least ten are looked at, fifty at most.
create function watch_incidents() returns trigger language plpgsql as $$
declare
    most integer;
    looked integer;
    failed integer;
begin
    select incidents into most from scenario_version where hash = new.version;
    if most is null or new.incident is not true then
        return new;
    end if;
    select count(*), count(*) filter (where incident) into looked, failed from (
        select incident from attempt
        where caisse = new.caisse and scenario = new.scenario and incident is not null
          and ended_at > coalesce((select max(released_at) from scenario_stop
                                   where caisse = new.caisse and scenario = new.scenario), '-infinity')
        order by ended_at desc limit 50
    ) last;
    if looked >= 10 and failed * 100 > looked * most then
        insert into scenario_stop (caisse, scenario, reason)
        values (new.caisse, new.scenario, format('%s incidents applicatifs sur les %s dernières tentatives (%s %% permis)',
                                                 failed, looked, most))
        on conflict do nothing;
    end if;
    return new;
end
$$;
create trigger watch_incidents after update on attempt for each row
    when (new.incident and old.incident is null) execute function watch_incidents();

create function scenario_stop_event() returns trigger language plpgsql as $$
begin
    perform record_event(new.caisse, case when tg_op = 'INSERT' then 'scenario.stopped' else 'scenario.released' end,
        new.scenario, jsonb_build_object('reason', new.reason));
    return new;
end
$$;
create trigger scenario_stop_event before insert or update on scenario_stop for each row
    execute function scenario_stop_event();

grant select, insert on version_file to glr_runner;
grant select on publication, scenario_stop, case_turn to glr_runner;
grant update (begun) on publication to glr_runner;
grant insert (caisse, scenario, reason) on scenario_stop to glr_runner;
grant update (incident) on attempt to glr_runner;
grant select on scenario_version, version_file, publication, scenario_stop to glr_console;
grant update (state, decided_by, decided_at, previous, stage, allowed, begun) on publication to glr_console;
grant update (released_at, released_by) on scenario_stop to glr_console;
