-- What robots may do in an application, on all machines together: sessions, hours; and a breaker that tries again with one case.
alter table robot_session add column applications text[] not null default '{}';
alter table application_stop add column retry_at timestamptz, add column trial uuid, add column trial_case uuid,
    add constraint tried_after_incidents check (trial is null or retry_at is not null),
    add constraint trial_of_a_session check (trial_case is null or trial is not null);
alter table attempt add column application text, add column touched text[] not null default '{}';
create index attempt_judged_recently on attempt (caisse, ended_at desc) where incident is not null;

-- What robots may do in an application, on all machines together; absent, or null: no limit.
create table application_setting (
    caisse text not null,
    application text not null,
    -- sessions at the same time: in all, and under the account of one robot
    sessions integer check (sessions between 1 and 999),
    per_account integer check (per_account between 1 and 999),
    -- between two intents, whoever has them; those who wait must fit in the time of one case, so sessions are limited then
    act_every interval check (act_every > interval '0'),
    -- the next turn that nobody was given, and the last intent
    next_act timestamptz,
    last_act timestamptz,
    -- opening hours, civil time of their zone; days as ISO counts them, 1 is Monday
    zone text not null default 'Europe/Paris' check (timestamptz 'epoch' at time zone zone is not null),
    days integer[] check (days <@ array[1, 2, 3, 4, 5, 6, 7] and cardinality(days) > 0),
    opens time,
    closes time,
    -- incidents in a row that close it (0: none do), within how long, and after how long one case is tried
    incidents integer not null default 10 check (incidents between 0 and 99),
    incidents_within interval not null default '10 minutes',
    try_after interval not null default '2 minutes',
    set_by text,
    set_at timestamptz,
    -- incidents of before are forgotten
    reopened_at timestamptz,
    primary key (caisse, application),
    constraint whole_hours check ((days is null) = (opens is null) and (days is null) = (closes is null)),
    constraint opens_before_it_closes check (opens < closes),
    constraint waiting_fits_in_a_case
        check (act_every is null or sessions is not null and act_every * sessions <= interval '2 minutes')
);

-- Who tries the login of a robot's account in an application: one after the other until one was let in, since accounts lock.
create table application_login (
    caisse text not null,
    application text not null,
    robot text not null,
    trying uuid,
    trying_since timestamptz,
    proven_at timestamptz,
    primary key (caisse, application, robot)
);

-- Is an instant within opening hours, in civil time of a zone?
create function within_hours(instant timestamptz, zone text, days integer[], opens time, closes time) returns boolean
    language sql stable as $$
    select extract(isodow from civil)::integer = any (days) and civil::time >= opens and civil::time < closes
    from (select instant at time zone zone as civil) here
$$;

-- Applications in which robots may not work now: stopped, or outside their hours. After incidents one session may try one case.
create view application_closed as
select caisse, application, trial, trial_case,
       coalesce(retry_at <= now() and not exists (
           select 1 from robot_session where robot_session.id = trial and ended_at is null), false) as triable
from application_stop
union all
select caisse, application, null, null, false from application_setting
where opens is not null and not within_hours(now(), zone, days, opens, closes);

-- May no case of a version be taken: is an application that it is worked in closed, but for the session that tries it?
-- Asked for no session: might one be begun for it?
create function version_closed(asked text, in_caisse text, by_session uuid) returns boolean language sql stable as $$
    select exists (
        select 1 from application_closed closed
        where closed.caisse = in_caisse and version_uses(asked, closed.application)
          and (case when by_session is null then closed.triable
                    else closed.trial = by_session and closed.trial_case is null end) is not true
    )
$$;

-- How many seconds until an act's turn in an application comes, for all machines: one is given after the other.
create function act_turn(in_caisse text, asked text) returns double precision
    language plpgsql security definer set search_path from current as $$
declare
    mine timestamptz;
begin
    update application_setting set next_act = greatest(next_act, clock_timestamp()) + act_every
    where caisse = in_caisse and application = asked and act_every is not null and may_speak('session', in_caisse)
    returning next_act - act_every into mine;
    return greatest(0, coalesce(extract(epoch from mine - clock_timestamp()), 0));
end
$$;

-- Is an intent too soon after the one before in its application? Counted one after the other, as they commit.
create function too_soon(in_caisse text, asked text) returns boolean
    language plpgsql security definer set search_path from current as $$
begin
    if not exists (select 1 from application_setting
            where caisse = in_caisse and application = asked and act_every is not null) then
        return false;
    end if;
    update application_setting set last_act = clock_timestamp()
    where caisse = in_caisse and application = asked and (last_act + act_every > clock_timestamp()) is not true;
    return not found;
end
$$;

-- Are robots stopped for a case that would act in an application: its scenario, or any application that it is worked in?
create or replace function robots_stopped(asked uuid, act_in text) returns boolean language sql stable as $$
    select exists (
        select 1 from cases join scenario_stop stop on stop.caisse = cases.caisse and stop.scenario = cases.scenario
        where cases.id = asked and stop.released_at is null
    ) or exists (
        select 1 from cases join application_closed closed on closed.caisse = cases.caisse
        where cases.id = asked and (closed.trial = cases.leased_by and closed.trial_case = cases.id) is not true
          and (closed.application = act_in
               or cases.begun_under is not null and version_uses(cases.begun_under, closed.application))
    ) or exists (
        select 1 from cases where cases.id = asked and is_restored(cases.caisse)
    )
$$;

create or replace function entry_transition() returns trigger language plpgsql as $$
declare
    allowed constant text[] := array[
        'planned>intent', 'planned>by_hand', 'planned>confirmed', 'intent>confirmed', 'intent>doubtful',
        'intent>planned', 'intent>by_hand', 'doubtful>confirmed', 'doubtful>by_hand', 'doubtful>planned', 'confirmed>undone',
        'undone>by_hand'
    ];
begin
    if tg_op = 'UPDATE' then
        if (new.effect_digest, new.ordinal) is distinct from (old.effect_digest, old.ordinal) then
            raise exception 'an effect keeps its identity' using errcode = 'GL004';
        end if;
        if new.case_id <> old.case_id and old.state <> 'planned' then
            raise exception 'what was or may have been entered keeps its case' using errcode = 'GL004';
        end if;
        if new.case_id <> old.case_id and decision_lapsed(old) then
            raise exception 'its case is closed: a person decides anew' using errcode = 'GL010';
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
        if old.state = 'doubtful' and new.state in ('confirmed', 'planned') and not settled_by_a_look(new) then
            raise exception 'a doubt is settled by a look, after its application was left in peace' using errcode = 'GL009';
        end if;
        if new.state = 'intent' and too_soon(new.caisse, new.application) then
            raise exception 'an act of another began a moment ago' using errcode = 'GL011';
        end if;
        if new.state in ('confirmed', 'by_hand') then
            update by_hand_entry line set read_back_at = now() from by_hand held
            where line.entry = new.id and line.read_back_at is null and line.reference is not null
              and held.case_id = new.case_id and held.given_back_at is null and held.read_back_at is null
              and line.case_id = held.case_id and line.taken_at = held.taken_at;
        end if;
    end if;
    perform record_event(new.caisse, 'entry.' || new.state, new.token, jsonb_strip_nulls(jsonb_build_object(
        'keyword', new.keyword, 'amount_c', new.amount_c, 'reference', new.reference, 'ordinal', nullif(new.ordinal, 1),
        'settled_from', case when tg_op = 'UPDATE' and old.state = 'doubtful' then old.state end,
        'case', (select reference from cases where id = new.case_id))));
    return new;
end
$$;

create or replace view case_turn as
select turn.id, turn.caisse, turn.scenario, turn.version, turn.robot from (
    select cases.id, cases.caisse, cases.scenario, run.robot,
           version_in_turn(run.mode, run.version, cases.begun_under, now.version, now.previous,
                           coalesce(now.begun < now.allowed, now.version is not null)) as version
    from cases
    join run on run.id = cases.run
    left join publication now
        on now.caisse = cases.caisse and now.scenario = cases.scenario and now.state = 'published'
    where cases.state = 'ready' and not exists (
        select 1 from scenario_stop stop
        where stop.caisse = cases.caisse and stop.scenario = cases.scenario and stop.released_at is null)
) turn where turn.version is not null and not is_restored(turn.caisse);

-- How many sessions of a robot there may be at most for a version, those of its scenario that work now included.
create function room_for(asked text, in_caisse text, in_scenario text, of_robot text) returns integer language sql stable as $$
    select coalesce((
        select min(least(setting.sessions - working.others, setting.per_account - working.of_robot,
                         case when stop.retry_at is not null then 1 + working.own end))
        from (select application from application_setting where caisse = in_caisse
              union select application from application_stop where caisse = in_caisse) known
        left join application_setting setting on setting.caisse = in_caisse and setting.application = known.application
        left join application_stop stop on stop.caisse = in_caisse and stop.application = known.application
        cross join lateral (
            select count(*) filter (where scenario <> in_scenario) as others, count(*) filter (where scenario = in_scenario) as own,
                   count(*) filter (where scenario <> in_scenario and robot = of_robot) as of_robot
            from robot_session
            where ended_at is null and caisse = in_caisse and known.application = any (applications)
        ) working
        where version_uses(asked, known.application)
    ), 999)
$$;

-- Does a session keep its seats: it gave a sign of life, and there are not fewer seats than before, its own among those that are gone?
create function keeps_seat(asked uuid) returns boolean language sql stable as $$
    select not exists (select 1 from robot_session lost where lost.id = asked and lost.ended_at is not null) and not exists (
        select 1 from robot_session me join application_setting setting
            on setting.caisse = me.caisse and setting.application = any (me.applications)
        cross join lateral (
            select count(*) as sessions, count(*) filter (where older.robot = me.robot) as of_robot from robot_session older
            where older.ended_at is null and older.caisse = me.caisse and setting.application = any (older.applications)
              and (older.started_at, older.id) < (me.started_at, me.id)
        ) before
        where me.id = asked and (before.sessions >= setting.sessions or before.of_robot >= setting.per_account)
    )
$$;

-- A session takes its seats in every application that it works in, and those that may be tried again; returns where none is
-- left: it may not begin. Counted one after the other, for all machines.
create function take_seats(asked uuid, used text[]) returns text language plpgsql security definer set search_path from current as $$
declare
    me robot_session;
    setting application_setting;
    held integer;
    of_robot integer;
begin
    select * into me from robot_session where id = asked and may_speak('session', caisse);
    for setting in
        select * from application_setting
        where caisse = me.caisse and application = any (used) and (sessions is not null or per_account is not null)
        order by application for update
    loop
        select count(*), count(*) filter (where robot = me.robot) into held, of_robot from robot_session
        where ended_at is null and caisse = me.caisse and id <> me.id and setting.application = any (applications);
        if held >= setting.sessions or of_robot >= setting.per_account then
            return setting.application;
        end if;
    end loop;
    update robot_session set applications = used where id = asked;
    update application_stop set trial = asked, trial_case = null
    where caisse = me.caisse and application = any (used) and retry_at <= now() and not exists (
        select 1 from robot_session where robot_session.id = application_stop.trial and ended_at is null);
    return null;
end
$$;

-- The session that tries an application again does so with one case: the next that it takes.
create function begin_trial_case() returns trigger language plpgsql security definer set search_path from current as $$
begin
    update application_stop set trial_case = new.id where trial = new.leased_by and trial_case is null;
    return new;
end
$$;
create trigger begin_trial_case after update on cases for each row
    when (new.state = 'leased' and old.state <> 'leased') execute function begin_trial_case();

-- May a session type a password now: 'yes', 'wait' for another that tries the same account, or 'no': robots are stopped there?
create function may_log_in(by_session uuid, asked text) returns text
    language plpgsql security definer set search_path from current as $$
declare
    me robot_session;
    turn application_login;
begin
    select * into me from robot_session where id = by_session and ended_at is null and may_speak('session', caisse);
    if not found or exists (select 1 from application_closed closed
            where closed.caisse = me.caisse and closed.application = asked and closed.trial is distinct from by_session) then
        return 'no';
    end if;
    insert into application_login (caisse, application, robot) values (me.caisse, asked, me.robot) on conflict do nothing;
    select * into turn from application_login
    where caisse = me.caisse and application = asked and robot = me.robot for update;
    if turn.proven_at > now() - interval '10 minutes' then
        return 'yes';
    end if;
    if turn.trying <> by_session and turn.trying_since > now() - interval '1 minute'
       and exists (select 1 from robot_session where id = turn.trying and ended_at is null) then
        return 'wait';
    end if;
    update application_login set trying = by_session, trying_since = now()
    where caisse = me.caisse and application = asked and robot = me.robot;
    return 'yes';
end
$$;

-- A session was let in: others may log in at the same time.
create function logged_in(by_session uuid, asked text) returns void language sql security definer set search_path from current as $$
    update application_login login set proven_at = now(), trying = null, trying_since = null from robot_session me
    where me.id = by_session and may_speak('session', me.caisse)
      and login.caisse = me.caisse and login.application = asked and login.robot = me.robot
$$;

-- Close an application to every robot; over a stop that lifts itself. False when it was closed already.
create function close_to_robots(in_caisse text, asked text, why text, person text) returns boolean
    language plpgsql security definer set search_path from current as $$
declare
    closed boolean;
begin
    if not may_speak(coalesce('agent:' || person, 'session'), in_caisse) then
        raise exception 'not in this name, nor for this caisse' using errcode = 'insufficient_privilege';
    end if;
    insert into application_stop (caisse, application, reason, stopped_by) values (in_caisse, asked, why, person)
    on conflict (caisse, application) do update
    set reason = excluded.reason, stopped_by = excluded.stopped_by, stopped_at = now(), retry_at = null, trial = null,
        trial_case = null
    where application_stop.retry_at is not null;
    closed := found;
    update application_login set proven_at = null where caisse = in_caisse and application = asked;
    return closed;
end
$$;

-- Incidents in a row close an application; the case that tries it again opens it, or keeps it closed.
create function watch_application() returns trigger language plpgsql security definer set search_path from current as $$
declare
    setting application_setting;
    failed integer;
    opened text;
begin
    perform pg_advisory_xact_lock(hashtextextended(format('glr.application %s %s', new.caisse, new.application), 0))
    where new.application is not null;
    if new.incident and new.application is not null then
        select * into setting from application_setting where caisse = new.caisse and application = new.application;
        update application_stop set trial = null, trial_case = null,
            retry_at = now() + coalesce(setting.try_after, interval '2 minutes')
        where caisse = new.caisse and application = new.application and trial = new.session;
        if found then
            perform record_event(new.caisse, 'application.tried', new.application, jsonb_build_object('opened', false));
        elsif coalesce(setting.incidents, 10) > 0 then
            select count(*) filter (where incident and application = new.application) into failed from (
                select incident, application from attempt
                where caisse = new.caisse and incident is not null and new.application = any (touched)
                  and ended_at > now() - coalesce(setting.incidents_within, interval '10 minutes')
                  and ended_at > coalesce(setting.reopened_at, '-infinity')
                order by ended_at desc limit coalesce(setting.incidents, 10)
            ) last;
            if failed >= coalesce(setting.incidents, 10) then
                insert into application_stop (caisse, application, reason, retry_at)
                values (new.caisse, new.application, format('%s incidents applicatifs de suite.', failed),
                        now() + coalesce(setting.try_after, interval '2 minutes'))
                on conflict do nothing;
                if found then
                    perform record_event(new.caisse, 'application.stopped', new.application,
                        jsonb_build_object('reason', 'incidents', 'incidents', failed));
                end if;
            end if;
        end if;
    end if;
    if not new.incident then
        for opened in
            delete from application_stop
            where caisse = new.caisse and trial = new.session and trial_case = new.case_id and application = any (new.touched)
            returning application
        loop
            perform record_event(new.caisse, 'application.tried', opened, jsonb_build_object('opened', true));
        end loop;
    end if;
    -- it says nothing of the others that it was to try: another case does
    update application_stop set trial_case = null where trial = new.session and trial_case = new.case_id;
    return new;
end
$$;
create trigger watch_application after update on attempt for each row
    when (new.incident is not null and old.incident is null) execute function watch_application();

-- Incidents of before a stop was lifted are forgotten.
create function application_reopened() returns trigger language plpgsql security definer set search_path from current as $$
begin
    insert into application_setting (caisse, application, reopened_at) values (old.caisse, old.application, clock_timestamp())
    on conflict (caisse, application) do update set reopened_at = excluded.reopened_at;
    return old;
end
$$;
create trigger application_reopened after delete on application_stop for each row execute function application_reopened();

-- What only a person opens again takes the place of what would have been tried: that is told too.
create trigger stop_alert_instead after update on application_stop for each row
    when (old.retry_at is not null and new.retry_at is null) execute function stop_alert();
