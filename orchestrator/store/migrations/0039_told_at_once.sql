-- expand: what a statement does to cases is told, counted and tried once for all of them, not for each.
create or replace function check_speaker(caisses text[]) returns void language plpgsql security definer as $$
declare
    caisse text;
begin
    foreach caisse in array caisses loop
        if current_actor() is null then
            raise exception 'no actor: every change says who makes it' using errcode = 'GL001';
        end if;
        if not may_speak(current_actor(), caisse) then
            raise exception 'not in this name, nor for this caisse' using errcode = 'insufficient_privilege';
        end if;
    end loop;
end
$$;

create or replace function record_event(caisse text, verb text, object text, details jsonb) returns void
    language plpgsql security definer as $$
begin
    perform check_speaker(array[caisse]);
    insert into audit_outbox (caisse, actor, verb, object, details)
    values (record_event.caisse, current_actor(), record_event.verb, record_event.object, record_event.details);
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
    return new;
end
$$;

create or replace function cases_made() returns trigger language plpgsql security definer set search_path from current as $$
begin
    perform check_speaker(array(select distinct caisse from made));
    insert into audit_outbox (caisse, actor, verb, object, details)
    select caisse, current_actor(), 'case.' || state, reference, jsonb_strip_nulls(jsonb_build_object(
        'version', version, 'epoch', epoch, 'ended_as', ended_as, 'scenario', scenario, 'run', run, 'attempts', attempts))
    from made order by line, id;
    return null;
end
$$;

create or replace function cases_changed() returns trigger language plpgsql security definer set search_path from current as $$
begin
    perform check_speaker(array(
        select distinct after.caisse from after join before using (id) where after.state <> before.state));
    insert into audit_outbox (caisse, actor, verb, object, details)
    select after.caisse, current_actor(), 'case.' || after.state, after.reference, jsonb_strip_nulls(jsonb_build_object(
        'from', before.state, 'version', after.version, 'epoch', after.epoch,
        'ended_as', after.ended_as, 'scenario', after.scenario, 'run', after.run, 'attempts', after.attempts))
    from after join before using (id) where after.state <> before.state order by after.changed_at, id;
    return null;
end
$$;
create trigger cases_changed after update on cases referencing old table as before new table as after
    for each statement execute function cases_changed();

drop trigger count_for_ramp on cases;
create or replace function count_for_ramp() returns trigger language plpgsql as $$
begin
    if exists (select from publication where (caisse, scenario) in (select caisse, scenario from after)
               and state = 'published' and allowed is not null) then
        -- the attempt that begins with this claim is numbered by its epoch: it is not an earlier one
        update publication set begun = begun + taken.cases
        from (select after.caisse, after.scenario, after.begun_under, count(*) as cases from after join before using (id)
              where after.state = 'leased' and before.state <> 'leased' and not exists (
                  select 1 from attempt where case_id = id and version = after.begun_under and n < after.epoch)
              group by after.caisse, after.scenario, after.begun_under) taken
        where publication.caisse = taken.caisse and publication.scenario = taken.scenario and version = taken.begun_under
          and state = 'published' and allowed is not null;
    end if;
    return null;
end
$$;
create trigger count_for_ramp after update on cases referencing old table as before new table as after
    for each statement execute function count_for_ramp();

drop trigger begin_trial_case on cases;
create or replace function begin_trial_case() returns trigger language plpgsql security definer set search_path from current as $$
begin
    update application_stop set trial_case = taken.id
    from (select distinct on (after.leased_by) id, after.leased_by from after join before using (id)
          where after.state = 'leased' and before.state <> 'leased' order by after.leased_by, after.changed_at) taken
    where trial = taken.leased_by and trial_case is null;
    return null;
end
$$;
create trigger begin_trial_case after update on cases referencing old table as before new table as after
    for each statement execute function begin_trial_case();
