-- expand: guards ask nothing twice, and what is asked of all ready cases is asked once; each refuses what it refused.
create or replace function may_speak(actor text, in_caisse text) returns boolean language plpgsql stable security definer as $$
begin
    if pg_has_role(session_user, current_user, 'usage') or pg_has_role(session_user, 'glr_orchestrator', 'usage')
       or pg_has_role(session_user, 'glr_console', 'usage') then
        return true;
    end if;
    return actor !~ '^(agent|machine|cli|journal)(:|$)'
        and exists (select from runner_login where login = session_user and caisse = in_caisse);
end
$$;

create or replace function case_transition() returns trigger language plpgsql as $$
declare
    allowed constant text[] := array[
        'ready>leased', 'ready>cancelled', 'waiting>ready', 'waiting>cancelled',
        'leased>ready', 'leased>waiting', 'leased>awaiting_approval', 'leased>exception', 'leased>ended',
        'awaiting_approval>ready', 'awaiting_approval>exception',
        'exception>ready', 'exception>waiting', 'exception>rejected', 'exception>cancelled',
        'ready>exception', 'waiting>exception'  -- taken by a person alone
    ];
begin
    if new.epoch < old.epoch then
        raise exception 'an epoch never goes back' using errcode = 'GL002';
    end if;
    if new.state = old.state then
        return new;
    end if;
    if not (old.state || '>' || new.state) = any (allowed) then
        raise exception 'impossible transition % > %', old.state, new.state using errcode = 'GL003';
    end if;
    -- asked only when there is something to refuse: a whole row is dear to hand over
    if old.state in ('ready', 'waiting') and new.state = 'exception'
       or exists (select from by_hand where case_id = new.id and given_back_at is null and read_back_at is null) then
        perform held_by_people(old, new);
    end if;
    if new.state = 'ended' and exists (
            select 1 from entry where case_id = new.id and entry.state in ('intent', 'doubtful')) then
        raise exception 'an entry of it is in doubt: no case ends like that' using errcode = 'GL009';
    end if;
    if new.state = 'exception' and exists (
            select 1 from entry left join lateral (
                select look_at from doubt where doubt.entry = entry.id order by n desc limit 1) last on true
            where case_id = new.id
              and (entry.state = 'intent' or entry.state = 'doubtful' and last.look_at > now())) then
        raise exception 'an entry of it is left in peace: nobody is asked yet' using errcode = 'GL009';
    end if;
    if old.state in ('exception', 'awaiting_approval') and new.state in ('ready', 'waiting')
       or old.waits_for in ('date', 'document') then
        new.attempts := 0;  -- a person sent it back, or its date has come: its tries begin anew
    end if;
    if old.state = 'waiting' then
        new.wait_until := null;
        new.waits_for := null;
    end if;
    new.version := old.version + 1;
    new.changed_at := clock_timestamp();
    perform record_event(new.caisse, 'case.' || new.state, new.reference, jsonb_strip_nulls(jsonb_build_object(
        'from', old.state, 'version', new.version, 'epoch', new.epoch,
        'ended_as', new.ended_as, 'scenario', new.scenario, 'run', new.run, 'attempts', new.attempts)));
    return new;
end
$$;

create or replace function cases_made() returns trigger language plpgsql security definer set search_path from current as $$
begin
    if current_actor() is null then
        raise exception 'no actor: every change says who makes it' using errcode = 'GL001';
    end if;
    if exists (with told as materialized (select distinct caisse from made)
               select from told where not may_speak(current_actor(), told.caisse)) then
        raise exception 'not in this name, nor for this caisse' using errcode = 'insufficient_privilege';
    end if;
    insert into audit_outbox (caisse, actor, verb, object, details)
    select caisse, current_actor(), 'case.' || state, reference, jsonb_strip_nulls(jsonb_build_object(
        'version', version, 'epoch', epoch, 'ended_as', ended_as, 'scenario', scenario, 'run', run, 'attempts', attempts))
    from made order by line, id;
    return null;
end
$$;

create or replace function count_for_ramp() returns trigger language plpgsql as $$
begin
    -- the attempt that begins with this claim is numbered by its epoch: it is not an earlier one
    update publication set begun = begun + 1
    where caisse = new.caisse and scenario = new.scenario and version = new.begun_under
      and state = 'published' and allowed is not null
      and not exists (select 1 from attempt where case_id = new.id and version = new.begun_under and n < new.epoch);
    return new;
end
$$;

create or replace function watch_application() returns trigger language plpgsql security definer set search_path from current as $$
declare
    setting application_setting;
    failed integer;
    opened text;
begin
    if new.application is null and not exists (select from application_stop where trial = new.session) then
        return new;
    end if;
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
      and not exists (select 1 from restoration where restoration.caisse = cases.caisse and lifted_at is null)
) turn where turn.version is not null;
