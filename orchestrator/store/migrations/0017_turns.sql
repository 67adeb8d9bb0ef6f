-- A claim reads cases in their order until the first that may be taken, however many are ready: whose turn a case is is a
-- function, which it asks case by case.

-- Whose turn a ready case is: a run that is not live keeps its own version; of the others, the published version takes what it
-- has begun and, while its ramp has room, what is new; the one before it takes the rest.
create function version_in_turn(
    mode text, own text, begun_under text, published text, previous text, has_room boolean
) returns text language sql immutable parallel safe as $$
    select case when mode <> 'live' then own when has_room or begun_under = published then published else previous end
$$;

-- Ready cases that may be taken now, with the version whose turn it is: nothing of a stopped scenario, and nothing that is
-- worked in a stopped application.
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
where turn.version is not null and not exists (
    select 1 from application_stop stop
    where stop.caisse = turn.caisse and version_uses(turn.version, stop.application));
