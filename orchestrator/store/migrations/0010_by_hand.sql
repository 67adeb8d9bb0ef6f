-- Cases that people work by hand while an application is closed to robots, and the order of the lists of people.

-- A case that a person works by hand while an application is closed to robots. Until it is given back or read back (it is
-- "held"), no robot enters it: the triggers of cases and entries say so.
create table by_hand (
    case_id uuid not null references cases,
    caisse text not null,
    -- the application that was closed when it was taken
    application text not null,
    taken_by text not null,
    taken_at timestamptz not null default now(),
    -- what a person says was entered: the application's own number, centimes; not proven before it is read back
    reference text,
    amount_c bigint,
    declared_by text,
    declared_at timestamptz,
    given_back_by text,
    given_back_at timestamptz,
    read_back_at timestamptz,
    primary key (case_id, taken_at),
    check ((reference is null) = (declared_at is null) and (reference is null) = (declared_by is null)),
    check (reference is not null or amount_c is null),
    constraint given_back_when_nothing_was_entered check (given_back_at is null or reference is null),
    constraint read_back_when_declared check (read_back_at is null or reference is not null),
    check ((given_back_at is null) = (given_back_by is null))
);
create unique index by_hand_held on by_hand (case_id) where given_back_at is null and read_back_at is null;
create index by_hand_recent on by_hand (caisse, taken_at desc, case_id);

create index cases_for_people on cases
    (caisse, (-priority), (coalesce(due, date '9999-12-31')), created_at, line, id)
    where state in ('exception', 'awaiting_approval');

create function held_by_people(before cases, after cases) returns void language plpgsql as $$
declare
    held by_hand;
begin
    select * into held from by_hand where case_id = after.id and given_back_at is null and read_back_at is null;
    if held.case_id is null then
        if before.state in ('ready', 'waiting') and after.state = 'exception' then
            raise exception 'only a person takes a case from the robots' using errcode = 'GL007';
        end if;
    elsif after.state in ('ready', 'waiting') and (
            held.reference is null or after.instruction ->> 'do' is distinct from 'read_back'
            or after.instruction ->> 'reference' is distinct from held.reference)
        or after.state = 'ended'
        or after.state in ('rejected', 'cancelled') and held.reference is not null then
        raise exception 'taken by a person: only read back by a robot' using errcode = 'GL007';
    end if;
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
        perform held_by_people(old, new);
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

create or replace function entry_transition() returns trigger language plpgsql as $$
declare
    allowed constant text[] := array[
        'planned>intent', 'planned>by_hand', 'planned>confirmed', 'intent>confirmed', 'intent>doubtful',
        'intent>planned', 'intent>by_hand', 'doubtful>confirmed', 'doubtful>by_hand'
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

create function by_hand_event() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if (new.case_id, new.caisse, new.application, new.taken_by, new.taken_at)
           is distinct from (old.case_id, old.caisse, old.application, old.taken_by, old.taken_at)
           or old.given_back_at is not null or old.read_back_at is not null then
            raise exception 'who took a case stays written' using errcode = 'GL006';
        end if;
    elsif not exists (select 1 from application_stop stop
            where stop.caisse = new.caisse and stop.application = new.application) then
        raise exception 'taken while an application is closed to robots alone' using errcode = 'GL007';
    end if;
    perform record_event(new.caisse,
        'by_hand.' || case
            when tg_op = 'INSERT' then 'taken'
            when new.given_back_at is not null then 'given_back'
            when new.read_back_at is not null then 'read_back'
            when new.reference is null then 'not_found'
            else 'declared' end,
        (select reference from cases where id = new.case_id),
        jsonb_strip_nulls(jsonb_build_object('application', new.application,
            'reference', coalesce(new.reference, case when tg_op = 'UPDATE' then old.reference end),
            'amount_c', new.amount_c)));
    return new;
end
$$;
create trigger by_hand_event before insert or update on by_hand for each row execute function by_hand_event();

-- Cases that a person may take from the robots: nothing of them was or may have been entered, nobody waits for a date or a document.
create view case_to_take as
select cases.id, cases.caisse, cases.scenario
from cases join run on run.id = cases.run
where run.mode = 'live' and cases.state in ('ready', 'waiting') and cases.waits_for is null
  and coalesce(cases.instruction ->> 'do', '') <> 'read_back'
  and not exists (select 1 from entry where entry.case_id = cases.id and entry.state <> 'planned');

grant select, insert (case_id, caisse, application, taken_by) on by_hand to glr_console;
grant update (reference, amount_c, declared_by, declared_at, given_back_by, given_back_at) on by_hand to glr_console;
grant select, update (reference, amount_c, declared_by, declared_at, read_back_at) on by_hand to glr_runner;
-- who takes a case takes the effects that it would have
grant insert (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id), update (case_id) on entry
    to glr_console;
grant select on case_to_take to glr_console;
