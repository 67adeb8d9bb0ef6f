-- A house restored from a backup: robots begin nothing, nothing is handed over, until people have looked and one decides.
-- The house as a backup made it: nobody knows what was entered since, so robots begin nothing until people have looked (ENTER).
create table restoration (
    id uuid primary key,
    caisse text not null,
    -- the last instant that the backup knows of
    backup_at timestamptz not null,
    -- SHA-256 of the backup's manifest; empty: nobody said it was restored, the audit log showed it
    backup text not null,
    restored_at timestamptz not null default clock_timestamp(),
    restored_by text not null,
    lifted_at timestamptz,
    lifted_by text,
    check ((lifted_at is null) = (lifted_by is null))
);
create unique index restoration_open on restoration (caisse) where lifted_at is null;

-- An application in which what was entered since a backup was looked at: by a reconciliation, or by a person.
create table restoration_look (
    restoration uuid not null references restoration on delete cascade,
    caisse text not null,
    application text not null,
    looked_at timestamptz not null default clock_timestamp(),
    -- civil days that were compared
    first date not null,
    last date not null,
    -- the person who compared without a reconciliation, and what was found; nothing of a person
    looked_by text,
    reason text,
    check ((looked_by is null) = (reason is null))
);
create index restoration_look_of on restoration_look (restoration, application);

-- Does the house wait for people to look at what was entered since the backup that it was restored from?
create function is_restored(asked text) returns boolean language sql stable as $$
    select exists (select 1 from restoration where restoration.caisse = asked and lifted_at is null)
$$;

create or replace function robots_stopped(asked uuid, act_in text) returns boolean language sql stable as $$
    select exists (
        select 1 from cases join scenario_stop stop on stop.caisse = cases.caisse and stop.scenario = cases.scenario
        where cases.id = asked and stop.released_at is null
    ) or exists (
        select 1 from cases join application_stop stop on stop.caisse = cases.caisse
        where cases.id = asked
          and (stop.application = act_in or cases.begun_under is not null and version_uses(cases.begun_under, stop.application))
    ) or exists (
        select 1 from cases where cases.id = asked and is_restored(cases.caisse)
    )
$$;

create or replace view case_turn as
select turn.id, turn.caisse, turn.scenario, turn.version from (
    select cases.id, cases.caisse, cases.scenario,
           version_in_turn(run.mode, run.version, cases.begun_under, now.version, now.previous,
                           coalesce(now.begun < now.allowed, now.version is not null)) as version
    from cases
    join run on run.id = cases.run
    left join publication now
        on now.caisse = cases.caisse and now.scenario = cases.scenario and now.state = 'published'
    where cases.state = 'ready' and not exists (
        select 1 from scenario_stop stop
        where stop.caisse = cases.caisse and stop.scenario = cases.scenario and stop.released_at is null)
) turn
where turn.version is not null and not is_restored(turn.caisse) and not exists (
    select 1 from application_stop stop
    where stop.caisse = turn.caisse and version_uses(turn.version, stop.application));

create or replace function hand_over_transition() returns trigger language plpgsql as $$
declare
    allowed constant text[] := array[
        'intended>made', 'intended>not_made', 'intended>doubtful', 'not_made>intended',
        'doubtful>made', 'doubtful>not_made'
    ];
begin
    if tg_op = 'UPDATE' then
        if (new.caisse, new.run, new.effect_key, new.keyword) is distinct from (old.caisse, old.run, old.effect_key, old.keyword)
        then
            raise exception 'a hand-over keeps its identity' using errcode = 'GL004';
        end if;
        if not (old.state || '>' || new.state) = any (allowed)
           or (old.state = 'doubtful' and new.settled_by is null) then
            raise exception 'impossible transition of a hand-over % > %', old.state, new.state using errcode = 'GL003';
        end if;
    elsif new.state <> 'intended' then
        raise exception 'a hand-over is intended first' using errcode = 'GL003';
    end if;
    if new.state = 'intended' and is_restored(new.caisse) then
        raise exception 'restored: nothing is handed over' using errcode = 'GL008';
    end if;
    perform record_event(new.caisse, 'hand_over.' || new.state, new.effect_key, jsonb_strip_nulls(jsonb_build_object(
        'run', new.run, 'keyword', new.keyword, 'result', new.result, 'by', new.settled_by, 'reason', new.reason)));
    return new;
end
$$;

-- A restored house is let go by a supervisor, in his own name, once every application in which something was entered was looked
-- at since, from the day of the backup on, and every gap is explained.
create function lift_restoration() returns trigger language plpgsql as $$
declare
    since constant date := (new.backup_at at time zone 'Europe/Paris')::date;
begin
    if tg_op = 'UPDATE' then
        if (new.id, new.caisse, new.backup_at, new.backup, new.restored_at, new.restored_by)
           is distinct from (old.id, old.caisse, old.backup_at, old.backup, old.restored_at, old.restored_by)
           or old.lifted_at is not null then
            raise exception 'what was restored stays written' using errcode = 'GL006';
        end if;
        if current_actor() is distinct from 'agent:' || new.lifted_by or not exists (
            select from account where login = new.lifted_by and caisse = new.caisse and active and role = 'supervisor') then
            raise exception 'a supervisor alone lets robots go on, in his own name' using errcode = 'GL005';
        end if;
        if exists (select from gap where gap.caisse = new.caisse and gap.settled_at is null)
           or exists (select from entry where entry.caisse = new.caisse and not exists (
                select from restoration_look look where look.restoration = new.id and look.application = entry.application
                    and look.looked_at > new.restored_at and look.first <= since
                    and look.last >= (new.restored_at at time zone 'Europe/Paris')::date)) then
            raise exception 'restored: not everything was looked at' using errcode = 'GL009';
        end if;
        new.lifted_at := clock_timestamp();
    end if;
    perform record_event(new.caisse, case when tg_op = 'INSERT' then 'house.restored' else 'house.released' end,
        new.id::text, jsonb_build_object('backup', new.backup, 'backup_at', new.backup_at));
    return new;
end
$$;
create trigger lift_restoration before insert or update on restoration for each row execute function lift_restoration();

create function restoration_look_event() returns trigger language plpgsql as $$
begin
    perform record_event(new.caisse, 'house.looked', new.application, jsonb_strip_nulls(jsonb_build_object(
        'restoration', new.restoration, 'first', new.first, 'last', new.last, 'reason', new.reason)));
    return new;
end
$$;
create trigger restoration_look_event after insert on restoration_look for each row execute function restoration_look_event();

grant select on restoration, restoration_look to glr_runner, glr_console;
grant insert (restoration, caisse, application, first, last) on restoration_look to glr_runner;
grant insert (restoration, caisse, application, first, last, looked_by, reason) on restoration_look to glr_console;
grant update (lifted_at, lifted_by) on restoration to glr_console;
