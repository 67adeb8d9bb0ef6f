-- A doubt is left in peace, its login ended, then looked at; what pays nothing and is absent is made once more.
alter table cases drop constraint cases_waits_for_check;
alter table cases add constraint cases_waits_for_check check (waits_for in ('date', 'document', 'doubt'));
-- one at a time: a case makes no second entry while one of it may have been made and is not proven
create unique index entry_in_doubt on entry (caisse, case_id) where state in ('intent', 'doubtful');

-- An attempt at an entry that ended in doubt: its application is left in peace, the login that acted is ended, then it is
-- looked at. Nothing is concluded from a look that came sooner.
create table doubt (
    entry uuid not null,
    n integer not null,
    caisse text not null,
    case_id uuid not null,
    -- how long its application is left in peace, and when it may be looked at
    quiet interval not null check (quiet >= interval '0'),
    began_at timestamptz not null default now(),
    look_at timestamptz not null,
    -- from when on nothing more can come of the login that acted; null: not known
    login_ended_at timestamptz,
    -- the last look, and what it saw; the application's own number of what was ours
    looked_at timestamptz,
    seen text check (seen in ('ours', 'absent', 'same_by_another', 'different')),
    reference text,
    primary key (entry, n),
    foreign key (entry, n) references entry_attempt,
    constraint left_in_peace check (look_at >= greatest(began_at, login_ended_at) + quiet),
    constraint looked_after_it check (looked_at is null or looked_at >= look_at),
    check ((looked_at is null) = (seen is null) and (seen is not distinct from 'ours') = (reference is not null))
);
create index doubt_of_case on doubt (case_id);

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
    end if;
    perform record_event(new.caisse, 'case.' || new.state, new.reference, jsonb_strip_nulls(jsonb_build_object(
        'from', case when tg_op = 'UPDATE' then old.state end, 'version', new.version, 'epoch', new.epoch,
        'ended_as', new.ended_as, 'scenario', new.scenario, 'run', new.run, 'attempts', new.attempts)));
    return new;
end
$$;

-- What a look allows: ours confirms, by its own number; absent lets it be made once more, if it pays nothing, nothing more can
-- come of the login that acted, and it was never in doubt before.
create function settled_by_a_look(this entry) returns boolean language plpgsql as $$
declare
    last doubt;
begin
    select * into last from doubt where doubt.entry = this.id order by n desc limit 1;
    if last.n is null or last.n <> (select max(n) from entry_attempt where entry_attempt.entry = this.id) then
        return false;
    end if;
    return case this.state
        when 'confirmed' then last.seen is not distinct from 'ours' and last.reference = this.reference
        when 'planned' then last.seen is not distinct from 'absent' and not this.payment and last.login_ended_at is not null
            and not exists (select 1 from doubt where doubt.entry = this.id and n < last.n)
        else false end;
end
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
        'keyword', new.keyword, 'amount_c', new.amount_c, 'reference', new.reference,
        'settled_from', case when tg_op = 'UPDATE' and old.state = 'doubtful' then old.state end,
        'case', (select reference from cases where id = new.case_id))));
    return new;
end
$$;

-- A doubt begins with an attempt that ended in doubt; its quiet time is never cut short.
create function doubt_event() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.look_at < now() + new.quiet or new.looked_at is not null or not exists (
                select 1 from entry join entry_attempt attempt on attempt.entry = entry.id
                where entry.id = new.entry and entry.state = 'doubtful' and attempt.n = new.n and attempt.result = 'doubtful') then
            raise exception 'no attempt that ended in doubt' using errcode = 'GL009';
        end if;
    elsif (new.entry, new.n, new.case_id, new.quiet, new.began_at) is distinct from
          (old.entry, old.n, old.case_id, old.quiet, old.began_at)
          or new.look_at < old.look_at or new.login_ended_at is distinct from coalesce(old.login_ended_at, new.login_ended_at)
          or new.looked_at is distinct from old.looked_at and (new.looked_at > now() or old.look_at > now()) then
        raise exception 'a doubt is looked at after its quiet time, not before' using errcode = 'GL009';
    end if;
    perform record_event(new.caisse,
        'doubt.' || case
            when tg_op = 'INSERT' then 'begun'
            when new.login_ended_at is distinct from old.login_ended_at then 'login_ended'
            else 'looked' end,
        (select token from entry where id = new.entry),
        jsonb_strip_nulls(jsonb_build_object('attempt', new.n, 'look_at', new.look_at, 'seen', new.seen,
            'reference', new.reference, 'login_ended', new.login_ended_at is not null,
            'case', (select reference from cases where id = new.case_id))));
    return new;
end
$$;
create trigger doubt_event before insert or update on doubt for each row execute function doubt_event();

-- Entries in doubt that robots will look at: shown to people as such, long before anybody has to decide.
create view doubt_to_settle as
select entry.id as entry, entry.caisse, entry.case_id, coalesce(last.look_at, cases.lease_until, cases.changed_at) as look_at
from entry join cases on cases.id = entry.case_id
left join lateral (select look_at from doubt where doubt.entry = entry.id order by n desc limit 1) last on true
where entry.state in ('intent', 'doubtful') and cases.state in ('ready', 'waiting', 'leased')
  and (entry.state = 'doubtful' or cases.state <> 'leased');

grant select, insert on doubt to glr_runner;
grant update (look_at, login_ended_at, looked_at, seen, reference) on doubt to glr_runner;
grant select on doubt to glr_console;
grant select on doubt_to_settle to glr_runner, glr_console;
