-- A person stops robots, for a scenario or an application; no act begins from then on, and no case is taken.
create table version_application (
    version text not null references scenario_version,
    application text not null,
    primary key (version, application)
);
alter table scenario_stop add column stopped_by text;
alter table application_stop add column stopped_by text;

-- Are the cases of a version worked in this application? One of before they were kept may be worked in any.
create function version_uses(asked text, application text) returns boolean language sql stable as $$
    select exists (select 1 from version_application used
                   where used.version = asked and used.application = version_uses.application)
        or not exists (select 1 from version_application used where used.version = asked)
$$;

-- Are robots stopped for a case that would act in an application: its scenario, or any application that it is worked in?
create function robots_stopped(asked uuid, act_in text) returns boolean language sql stable as $$
    select exists (
        select 1 from cases join scenario_stop stop on stop.caisse = cases.caisse and stop.scenario = cases.scenario
        where cases.id = asked and stop.released_at is null
    ) or exists (
        select 1 from cases join application_stop stop on stop.caisse = cases.caisse
        where cases.id = asked
          and (stop.application = act_in or cases.begun_under is not null and version_uses(cases.begun_under, stop.application))
    )
$$;

create or replace function entry_transition() returns trigger language plpgsql as $$
declare
    allowed constant text[] := array[
        'planned>intent', 'planned>by_hand', 'planned>confirmed', 'intent>confirmed', 'intent>doubtful',
        'intent>planned', 'intent>by_hand', 'doubtful>confirmed', 'doubtful>by_hand', 'confirmed>undone', 'undone>by_hand'
    ];
begin
    if tg_op = 'UPDATE' then
        if new.effect_digest <> old.effect_digest then
            raise exception 'an effect keeps its identity' using errcode = 'GL004';
        end if;
        if new.case_id <> old.case_id and old.state <> 'planned' then
            raise exception 'what was or may have been entered keeps its case' using errcode = 'GL004';
        end if;
        if new.state = old.state then
            return new;
        end if;
        if not (old.state || '>' || new.state) = any (allowed) then
            raise exception 'impossible transition of an entry % > %', old.state, new.state using errcode = 'GL003';
        end if;
        if new.state = 'intent' and exists (select 1 from by_hand
                where case_id = new.case_id and given_back_at is null and read_back_at is null) then
            raise exception 'taken by a person: no robot enters it' using errcode = 'GL007';
        end if;
        if new.state = 'intent' and robots_stopped(new.case_id, new.application) then
            raise exception 'robots are stopped: no act begins' using errcode = 'GL008';
        end if;
        if new.state in ('confirmed', 'by_hand') then
            update by_hand set read_back_at = now()
            where case_id = new.case_id and given_back_at is null and read_back_at is null;
        end if;
    end if;
    perform record_event(new.caisse, 'entry.' || new.state, new.token, jsonb_strip_nulls(jsonb_build_object(
        'keyword', new.keyword, 'amount_c', new.amount_c, 'reference', new.reference,
        'case', (select reference from cases where id = new.case_id))));
    return new;
end
$$;

create or replace view case_turn as
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
) turn
where turn.version is not null and not exists (
    select 1 from application_stop stop
    where stop.caisse = turn.caisse and version_uses(turn.version, stop.application));

grant select, insert on version_application to glr_runner;
grant select on version_application to glr_console;
grant insert (caisse, scenario, reason, stopped_by) on scenario_stop to glr_console;
grant insert (caisse, application, reason, stopped_by) on application_stop to glr_console;
