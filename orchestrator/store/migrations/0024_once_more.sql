-- An entry that is due once more although it was made: a person's decision gives its effect the next ordinal.

alter table entry add column ordinal integer not null default 1 check (ordinal between 1 and 99);

alter table entry add constraint entry_effect unique (effect_digest, ordinal);

alter table entry drop constraint entry_effect_digest_key;

-- An entry that is due once more although it was made: a person's decision, which names the entry that was made and gives its
-- effect the next ordinal; of a payment a second person agrees. No robot has a word in it.
create table further_entry (
    id uuid primary key,
    caisse text not null,
    -- the entry that was made
    entry uuid not null references entry,
    -- why it is due once more; nothing of a person
    reason text not null check (length(btrim(reason)) between 1 and 300),
    asked_by text not null,
    asked_at timestamptz not null default clock_timestamp(),
    state text not null default 'asked' check (state in ('asked', 'agreed', 'refused')),
    -- the second person; null: asked still, or none is needed
    decided_by text,
    decided_at timestamptz,
    constraint second_person check (decided_by <> asked_by),
    check ((decided_by is null) = (decided_at is null)),
    check (state <> 'refused' or decided_by is not null)
);
create unique index further_entry_once on further_entry (entry) where state <> 'refused';
create index further_entry_asked on further_entry (caisse, asked_at, id) where state = 'asked';

-- Was the case for which a person decided that an entry is due once more closed since? The decision was for that case alone.
create function decision_lapsed(this entry) returns boolean language sql stable as $$
    select this.ordinal > 1 and exists (
        select 1 from cases where cases.id = this.case_id and state in ('ended', 'rejected', 'cancelled')
            and changed_at > this.planned_at)
$$;

-- The next ordinal of an effect is a person's decision alone: it is agreed to, and what it names was made.
create function entry_ordinal() returns trigger language plpgsql as $$
begin
    if not exists (
            select 1 from further_entry further join entry made on made.id = further.entry
            where made.effect_digest = new.effect_digest and made.ordinal = new.ordinal - 1 and further.state = 'agreed'
              and made.state in ('confirmed', 'by_hand', 'undone')
              and (made.caisse, made.scenario, made.application, made.keyword, made.payment)
                  = (new.caisse, new.scenario, new.application, new.keyword, new.payment)) then
        raise exception 'nobody decided that this entry is made once more' using errcode = 'GL010';
    end if;
    return new;
end
$$;
create trigger entry_ordinal before insert on entry for each row when (new.ordinal > 1) execute function entry_ordinal();

-- Asked by a person, in his own name, of an entry that was made and is the last of its effect, while no robot has its case;
-- of a payment agreed to by another, who may approve entries.
create function decide_further_entry() returns trigger language plpgsql as $$
declare
    made entry;
    who constant text := case tg_op when 'INSERT' then new.asked_by else new.decided_by end;
begin
    select * into made from entry where id = new.entry for update;
    if tg_op = 'UPDATE' and (old.state <> 'asked'
            or (new.id, new.caisse, new.entry, new.reason, new.asked_by, new.asked_at)
               is distinct from (old.id, old.caisse, old.entry, old.reason, old.asked_by, old.asked_at)) then
        raise exception 'what was asked and decided stays written' using errcode = 'GL006';
    end if;
    if current_actor() is distinct from 'agent:' || who or not exists (
            select from account where login = who and caisse = new.caisse and active
                and role = any (case tg_op when 'INSERT' then array['agent', 'supervisor']
                                else array['supervisor', 'accounting'] end)) then
        raise exception 'a person alone decides it, in his own name' using errcode = 'GL005';
    end if;
    if new.state = 'agreed' and made.payment and new.decided_by is null or tg_op = 'INSERT' and new.decided_by is not null then
        raise exception 'of a payment a second person agrees' using errcode = 'GL005';
    end if;
    if new.state <> 'refused' and (made.caisse <> new.caisse or made.undoes is not null
            or made.state not in ('confirmed', 'by_hand', 'undone')
            or exists (select from entry later where later.effect_digest = made.effect_digest and later.ordinal > made.ordinal)
            or not exists (select from cases where cases.id = made.case_id
                           and state in ('ended', 'rejected', 'cancelled', 'exception'))
            or exists (select from by_hand where by_hand.case_id = made.case_id
                       and given_back_at is null and read_back_at is null)) then
        raise exception 'only what was made, the last of its effect, is made once more' using errcode = 'GL010';
    end if;
    if tg_op = 'UPDATE' then
        new.decided_at := clock_timestamp();
    end if;
    perform record_event(new.caisse, 'further_entry.' || new.state, made.token, jsonb_strip_nulls(jsonb_build_object(
        'further', new.id, 'ordinal', made.ordinal + 1, 'reason', new.reason, 'asked_by', new.asked_by,
        'reference', made.reference, 'case', (select reference from cases where id = made.case_id))));
    return new;
end
$$;
create trigger decide_further_entry before insert or update on further_entry for each row
    execute function decide_further_entry();

-- Who asked that an entry be made once more: that person does not approve its values.
create function asked_once_more(asked uuid, login text) returns boolean language sql stable as $$
    select exists (
        select from entry join entry made on made.effect_digest = entry.effect_digest and made.ordinal = entry.ordinal - 1
        join further_entry further on further.entry = made.id
        where entry.id = asked and further.state = 'agreed' and further.asked_by = asked_once_more.login)
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
    ) or new.state = 'approved' and asked_once_more(new.entry, new.validator) then
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
        or exists (select from further_entry further join entry made on made.id = further.entry
                   join entry on entry.effect_digest = made.effect_digest join cases on cases.id = entry.case_id
                   where cases.run = asked and login in (further.asked_by, further.decided_by))
        or exists (select from hand_over where hand_over.run = asked and hand_over.settled_by = login)
        or exists (select from gap join cases on cases.reference = gap.case_reference
                   where cases.run = asked and gap.settled_by = login)
        or exists (select from publication
                   where login in (proposed_by, decided_by)
                     and (version = (select run.version from run where run.id = asked)
                          or version in (select begun_under from cases where cases.run = asked)))
$$;

grant insert (ordinal) on entry to glr_console;
grant select on further_entry to glr_runner;
grant select, insert (id, caisse, entry, reason, asked_by, state), update (state, decided_by) on further_entry to glr_console;
