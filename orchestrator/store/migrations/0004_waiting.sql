-- Cases that wait for a date or a document, and whose priority and due change with the day.

alter table cases add column waits_for text check (waits_for in ('date', 'document'));
alter table cases add column waited jsonb not null default '{}';
alter table cases add column urgency_on date;
alter table cases add constraint waits_while_waiting check (waits_for is null or state = 'waiting');
drop index cases_ready;
create index cases_ready on cases (caisse, scenario, priority desc, due, created_at, line, id) where state = 'ready';
create index cases_waiting_for on cases (caisse, wait_until, id) where waits_for is not null;
create index cases_urgency on cases (caisse, scenario, urgency_on)
    where state in ('ready', 'waiting', 'awaiting_approval', 'exception');

alter table exception_item drop constraint exception_item_decision_check;
alter table exception_item add check (decision in ('resend', 'done_by_hand', 'reject', 'wait'));

create or replace function case_transition() returns trigger language plpgsql as $$
declare
    allowed constant text[] := array[
        'ready>leased', 'ready>cancelled', 'waiting>ready', 'waiting>cancelled',
        'leased>ready', 'leased>waiting', 'leased>awaiting_approval', 'leased>exception', 'leased>ended',
        'awaiting_approval>ready', 'awaiting_approval>exception',
        'exception>ready', 'exception>waiting', 'exception>rejected', 'exception>cancelled'
    ];
begin
    if tg_op = 'UPDATE' then
        if new.epoch < old.epoch then
            raise exception 'an epoch never goes back' using errcode = 'GL002';
        end if;
        if new.state = old.state then
            return new;
        end if;
        if not (old.state || '>' || new.state) = any (allowed) then
            raise exception 'impossible transition % > %', old.state, new.state using errcode = 'GL003';
        end if;
        if old.state in ('exception', 'awaiting_approval') and new.state in ('ready', 'waiting')
           or old.waits_for is not null then
            new.attempts := 0;  -- a person sent it back, or its date has come: its tries begin anew
        end if;
        if old.state = 'waiting' then
            new.wait_until := null;
            new.waits_for := null;
        end if;
        new.version := old.version + 1;
        new.changed_at := clock_timestamp();
    end if;
    perform record_event(new.caisse, 'case.' || new.state, new.reference, jsonb_strip_nulls(jsonb_build_object(
        'from', case when tg_op = 'UPDATE' then old.state end, 'version', new.version, 'epoch', new.epoch,
        'ended_as', new.ended_as, 'scenario', new.scenario, 'run', new.run, 'attempts', new.attempts)));
    return new;
end
$$;

grant update (wait_until, waits_for) on cases to glr_console;
