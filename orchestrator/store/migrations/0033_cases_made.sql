-- expand: cases that one statement makes are told by one statement; each has its event, as before.
drop trigger case_transition_made on cases;

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
    perform held_by_people(old, new);
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

-- What is new is told once it is made, by one statement for as many as one statement makes: an insert that meets a row that
-- stands makes none, and tells nothing.
create function cases_made() returns trigger language plpgsql security definer set search_path from current as $$
begin
    if current_actor() is null then
        raise exception 'no actor: every change says who makes it' using errcode = 'GL001';
    end if;
    if exists (select from (select distinct caisse from made) told where not may_speak(current_actor(), told.caisse)) then
        raise exception 'not in this name, nor for this caisse' using errcode = 'insufficient_privilege';
    end if;
    insert into audit_outbox (caisse, actor, verb, object, details)
    select caisse, current_actor(), 'case.' || state, reference, jsonb_strip_nulls(jsonb_build_object(
        'version', version, 'epoch', epoch, 'ended_as', ended_as, 'scenario', scenario, 'run', run, 'attempts', attempts))
    from made order by line, id;
    return null;
end
$$;
create trigger cases_made after insert on cases referencing new table as made for each statement execute function cases_made();
