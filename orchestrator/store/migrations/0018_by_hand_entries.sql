-- Cases worked by hand may make several entries, and may have waited for an approval, a date or a document.
-- Each entry that such a case could come to, and what people say of it: entered under a number of the application, left to
-- the robots because it was not, or not to be entered at all; until one of the three is said, a person still has to.
create table by_hand_entry (
    case_id uuid not null,
    taken_at timestamptz not null,
    entry uuid not null references entry,
    caisse text not null,
    -- in which order people are shown it, and how it is called: its step, its line; nothing of a person
    place integer not null,
    title text not null,
    -- whether money is in it; centimes that the robot would have entered, as far as that was known
    has_amount boolean not null,
    computed_c bigint,
    -- the application's own number, centimes; not proven before it is read back
    reference text,
    amount_c bigint,
    declared_by text,
    declared_at timestamptz,
    left_by text,
    left_at timestamptz,
    not_due_by text,
    not_due_at timestamptz,
    read_back_at timestamptz,
    primary key (case_id, taken_at, entry),
    foreign key (case_id, taken_at) references by_hand,
    constraint one_number_one_entry unique (case_id, taken_at, reference) deferrable initially deferred,
    check ((reference is null) = (declared_at is null) and (reference is null) = (declared_by is null)),
    check (reference is not null or amount_c is null),
    check ((left_at is null) = (left_by is null) and (not_due_at is null) = (not_due_by is null)),
    constraint said_once check (num_nonnulls(reference, left_at, not_due_at) < 2),
    constraint read_back_when_declared check (read_back_at is null or reference is not null)
);
create index by_hand_entry_of_entry on by_hand_entry (entry);

insert into by_hand_entry (case_id, taken_at, entry, caisse, place, title, has_amount, reference, amount_c, declared_by,
                           declared_at, read_back_at)
select distinct on (held.case_id, held.taken_at) held.case_id, held.taken_at, entry.id, held.caisse, 1, 'saisie', true,
       held.reference, held.amount_c, held.declared_by, held.declared_at, held.read_back_at
from by_hand held join entry on entry.case_id = held.case_id and entry.undoes is null
where held.given_back_at is null
order by held.case_id, held.taken_at, (entry.state = 'planned') = (held.read_back_at is null) desc, entry.planned_at;

alter table by_hand drop column reference, drop column amount_c, drop column declared_by, drop column declared_at;
alter table by_hand rename constraint by_hand_check2 to by_hand_check;
alter table by_hand add column waits_for text check (waits_for in ('date', 'document')), add column wait_until timestamptz,
    add column document_at timestamptz,
    add constraint waits_until check (waits_for is null or wait_until is not null);

create or replace function held_by_people(before cases, after cases) returns void language plpgsql as $$
declare
    held by_hand;
    unsaid boolean;
    standing boolean;
begin
    select * into held from by_hand where case_id = after.id and given_back_at is null and read_back_at is null;
    select coalesce(bool_or(num_nonnulls(reference, left_at, not_due_at) = 0), true),
           coalesce(bool_or(reference is not null and line.read_back_at is null), false)
    into unsaid, standing
    from by_hand_entry line where line.case_id = held.case_id and line.taken_at = held.taken_at;
    if held.case_id is null then
        if before.state in ('ready', 'waiting') and after.state = 'exception' then
            raise exception 'only a person takes a case from the robots' using errcode = 'GL007';
        end if;
    elsif after.state in ('ready', 'waiting') and (
            after.instruction ->> 'do' is distinct from 'read_back'
            or before.state = 'exception' and (unsaid or not standing))
        or after.state in ('ended', 'awaiting_approval')
        or after.state in ('rejected', 'cancelled') and standing then
        raise exception 'taken by a person: only read back by a robot' using errcode = 'GL007';
    end if;
end
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
            update by_hand_entry line set read_back_at = now() from by_hand held
            where line.entry = new.id and line.read_back_at is null and line.reference is not null
              and held.case_id = new.case_id and held.given_back_at is null and held.read_back_at is null
              and line.case_id = held.case_id and line.taken_at = held.taken_at;
        end if;
    end if;
    perform record_event(new.caisse, 'entry.' || new.state, new.token, jsonb_strip_nulls(jsonb_build_object(
        'keyword', new.keyword, 'amount_c', new.amount_c, 'reference', new.reference,
        'case', (select reference from cases where id = new.case_id))));
    return new;
end
$$;

create function declared_by_hand(held by_hand) returns boolean language sql stable as $$
    select exists (select 1 from by_hand_entry where case_id = held.case_id and taken_at = held.taken_at
                   and reference is not null and read_back_at is null)
$$;

create or replace function by_hand_event() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if (new.case_id, new.caisse, new.application, new.taken_by, new.taken_at, new.waits_for, new.wait_until)
           is distinct from
           (old.case_id, old.caisse, old.application, old.taken_by, old.taken_at, old.waits_for, old.wait_until)
           or old.given_back_at is not null or old.read_back_at is not null then
            raise exception 'who took a case stays written' using errcode = 'GL006';
        end if;
        if (new.given_back_at is not null or new.read_back_at is not null) and declared_by_hand(new) then
            raise exception 'a declared number is read back first' using errcode = 'GL007';
        end if;
    elsif not exists (select 1 from application_stop stop
            where stop.caisse = new.caisse and stop.application = new.application) then
        raise exception 'taken while an application is closed to robots alone' using errcode = 'GL007';
    end if;
    perform record_event(new.caisse,
        'by_hand.' || case
            when tg_op = 'INSERT' then 'taken'
            when new.given_back_at is not null then 'given_back'
            when new.read_back_at is not null then 'done'
            else 'document' end,
        (select reference from cases where id = new.case_id),
        jsonb_strip_nulls(jsonb_build_object('application', new.application, 'waits_for', new.waits_for,
            'wait_until', new.wait_until)));
    return new;
end
$$;

create function by_hand_entry_event() returns trigger language plpgsql as $$
begin
    if (new.case_id, new.taken_at, new.entry, new.caisse, new.place, new.title, new.has_amount, new.computed_c)
       is distinct from
       (old.case_id, old.taken_at, old.entry, old.caisse, old.place, old.title, old.has_amount, old.computed_c)
       or old.read_back_at is not null
       or not exists (select 1 from by_hand held where held.case_id = new.case_id and held.taken_at = new.taken_at
                      and held.given_back_at is null and held.read_back_at is null) then
        raise exception 'what was said of a case by hand stays written' using errcode = 'GL006';
    end if;
    if old.reference is not null and (new.left_at is not null or new.not_due_at is not null) then
        raise exception 'a declared number is read back first' using errcode = 'GL007';
    end if;
    perform record_event(new.caisse,
        'by_hand.' || case
            when new.read_back_at is not null then 'read_back'
            when new.reference is not null then 'declared'
            when old.reference is not null then 'not_found'
            when new.not_due_at is not null then 'not_due'
            when new.left_at is not null then 'left'
            else 'kept' end,
        (select reference from cases where id = new.case_id),
        jsonb_strip_nulls(jsonb_build_object('entry', new.title, 'reference', coalesce(new.reference, old.reference),
            'amount_c', new.amount_c)));
    return new;
end
$$;
create trigger by_hand_entry_event before update on by_hand_entry for each row execute function by_hand_entry_event();

create function by_hand_done() returns trigger language plpgsql as $$
begin
    update by_hand set read_back_at = now()
    where case_id = new.case_id and taken_at = new.taken_at and given_back_at is null and read_back_at is null
      and not exists (select 1 from by_hand_entry line
                      where line.case_id = new.case_id and line.taken_at = new.taken_at and line.read_back_at is null
                        and line.left_at is null and line.not_due_at is null);
    return null;
end
$$;
create trigger by_hand_done after update on by_hand_entry for each row
    when (new.read_back_at is not null and old.read_back_at is null) execute function by_hand_done();

create or replace function four_eyes() returns trigger language plpgsql as $$
begin
    if new.state = 'approved' and exists (
        select 1 from by_hand
        where case_id = new.case_id and given_back_at is null and read_back_at is null
    ) then
        raise exception 'taken by a person: nobody approves it' using errcode = 'GL007';
    end if;
    if new.state = 'approved' and exists (
        select 1 from exception_item
        where case_id = new.case_id and (new.validator in (closed_by, claimed_by) or new.validator = any (worked_by))
    ) then
        raise exception 'who worked on a case does not approve it' using errcode = 'GL005';
    end if;
    if new.values_digest <> old.values_digest then
        raise exception 'what was displayed does not change' using errcode = 'GL006';
    end if;
    perform record_event(new.caisse, 'approval.' || new.state, (select reference from cases where id = new.case_id),
        jsonb_build_object('values', encode(new.values_digest, 'hex'), 'amount_c', new.amount_c));
    return new;
end
$$;

create or replace function decided_in_run(asked uuid, login text) returns boolean language sql stable as $$
    select exists (select from approval join cases on cases.id = approval.case_id
                   where cases.run = asked and login in (approval.validator, approval.author))
        or exists (select from exception_item item join cases on cases.id = item.case_id
                   where cases.run = asked and (login in (item.closed_by, item.claimed_by) or login = any (item.worked_by)))
        or exists (select from by_hand join cases on cases.id = by_hand.case_id
                   where cases.run = asked and login in (by_hand.taken_by, by_hand.given_back_by))
        or exists (select from by_hand_entry said join cases on cases.id = said.case_id
                   where cases.run = asked and login in (said.declared_by, said.left_by, said.not_due_by))
        or exists (select from hand_over where hand_over.run = asked and hand_over.settled_by = login)
        or exists (select from gap join cases on cases.reference = gap.case_reference
                   where cases.run = asked and gap.settled_by = login)
        or exists (select from publication
                   where login in (proposed_by, decided_by)
                     and (version = (select run.version from run where run.id = asked)
                          or version in (select begun_under from cases where cases.run = asked)))
$$;

create or replace view case_to_take as
select cases.id, cases.caisse, cases.scenario,
       cases.state = 'awaiting_approval' or cases.waits_for is not null as waits
from cases join run on run.id = cases.run
where run.mode = 'live' and cases.state in ('ready', 'waiting', 'awaiting_approval')
  and coalesce(cases.instruction ->> 'do', '') <> 'read_back'
  and not exists (select 1 from entry where entry.case_id = cases.id and entry.state <> 'planned');

grant insert (waits_for, wait_until) on by_hand to glr_console;
grant update (document_at) on by_hand to glr_console;
grant select, insert (case_id, taken_at, entry, caisse, place, title, has_amount, computed_c) on by_hand_entry
    to glr_console;
grant update (reference, amount_c, declared_by, declared_at, left_by, left_at, not_due_by, not_due_at) on by_hand_entry
    to glr_console;
grant select, update (reference, amount_c, declared_by, declared_at, read_back_at) on by_hand_entry to glr_runner;
grant insert (line), update (line) on entry to glr_console;
