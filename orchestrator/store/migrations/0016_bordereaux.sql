-- Bordereaux that the accounting control judges, and its role. Runs closed before have none written down.
alter table account drop constraint account_role_check;
alter table account add constraint account_role_check check (role in ('agent', 'supervisor', 'accounting'));

-- The bordereau of a run, as the accounting control judges it. Closed, it says the same for ever; a signature stays.
create table bordereau (
    run uuid primary key references run,
    caisse text not null,
    -- its number in the caisse, without a gap
    number integer not null,
    file_name text not null,
    -- SHA-256 of the workbook
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    -- its control total: rows and centimes, entered or awaiting approval
    cases integer not null check (cases >= 0),
    total_c bigint not null,
    -- of these, what was entered and read back, and the references of its cases: samples are drawn from them
    entered_c bigint not null,
    entered text[] not null,
    -- rows that ended as exceptions or were set aside, by code
    exceptions integer not null check (exceptions >= 0),
    codes jsonb not null,
    written_at timestamptz not null default now(),
    state text not null default 'written' check (state in ('written', 'signed', 'refused')),
    decided_by text,
    decided_at timestamptz,
    -- why it was refused; nothing of a person
    reason text,
    unique (caisse, number),
    check ((state = 'written') = (decided_by is null) and (state = 'written') = (decided_at is null)),
    check ((state = 'refused') = (reason is not null))
);
create index bordereau_recent on bordereau (caisse, written_at desc, run);

-- A sample of a bordereau: what its seed draws is shown once this row, and its event, are committed.
create table bordereau_sample (
    id uuid primary key,
    run uuid not null references bordereau,
    caisse text not null,
    seed text not null check (seed ~ '^[0-9a-z]{8,64}$'),
    size integer not null check (size between 1 and 500),
    drawn_by text not null,
    drawn_at timestamptz not null default now()
);
create index bordereau_sample_of on bordereau_sample (run, drawn_at);

-- Who has decided anything about a run: an approval, an exception, a case by hand, a hand-over, a gap, the version it ran under.
create function decided_in_run(asked uuid, login text) returns boolean language sql stable as $$
    select exists (select from approval join cases on cases.id = approval.case_id
                   where cases.run = asked and login in (approval.validator, approval.author))
        or exists (select from exception_item item join cases on cases.id = item.case_id
                   where cases.run = asked and (login in (item.closed_by, item.claimed_by) or login = any (item.worked_by)))
        or exists (select from by_hand join cases on cases.id = by_hand.case_id
                   where cases.run = asked and login in (by_hand.taken_by, by_hand.declared_by, by_hand.given_back_by))
        or exists (select from hand_over where hand_over.run = asked and hand_over.settled_by = login)
        or exists (select from gap join cases on cases.reference = gap.case_reference
                   where cases.run = asked and gap.settled_by = login)
        or exists (select from publication
                   where login in (proposed_by, decided_by)
                     and (version = (select run.version from run where run.id = asked)
                          or version in (select begun_under from cases where cases.run = asked)))
$$;

create function number_bordereau() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('glr.bordereau.' || new.caisse, 0));
    select coalesce(max(number), 0) + 1 into new.number from bordereau where caisse = new.caisse;
    return new;
end
$$;
create trigger number_bordereau before insert on bordereau for each row execute function number_bordereau();

-- Fixed once its run is closed; judged only then, by an accounting control who has decided nothing in it; signed for ever.
create function judge_bordereau() returns trigger language plpgsql as $$
declare
    is_closed constant boolean := exists (select from closing where run = old.run and closed_at is not null);
begin
    if (new.run, new.caisse, new.number) is distinct from (old.run, old.caisse, old.number) or old.state = 'signed' then
        raise exception 'a signed bordereau does not change' using errcode = 'GL008';
    end if;
    if (new.file_name, new.sha256, new.cases, new.total_c, new.entered_c, new.entered, new.exceptions, new.codes, new.written_at)
       is distinct from (old.file_name, old.sha256, old.cases, old.total_c, old.entered_c, old.entered, old.exceptions,
        old.codes, old.written_at) and (is_closed or old.state <> 'written' or new.state <> 'written') then
        raise exception 'the bordereau of a closed run does not change' using errcode = 'GL008';
    end if;
    if new.state = old.state then
        if (new.decided_by, new.decided_at, new.reason) is distinct from (old.decided_by, old.decided_at, old.reason) then
            raise exception 'who decided stays written' using errcode = 'GL008';
        end if;
        return new;
    end if;
    if new.state = 'written' or not is_closed then
        raise exception 'a bordereau is judged once its run is closed' using errcode = 'GL003';
    end if;
    if current_actor() is distinct from 'agent:' || new.decided_by or not exists (
        select from account where login = new.decided_by and caisse = new.caisse and active and role = 'accounting') then
        raise exception 'the accounting control alone judges a bordereau, in its own name' using errcode = 'GL005';
    end if;
    if decided_in_run(new.run, new.decided_by) then
        raise exception 'who decided in a run does not judge its bordereau' using errcode = 'GL005';
    end if;
    new.decided_at := clock_timestamp();
    return new;
end
$$;
create trigger judge_bordereau before update on bordereau for each row execute function judge_bordereau();

create function bordereau_event() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and new.state = old.state and new.sha256 = old.sha256 then
        return new;
    end if;
    perform record_event(new.caisse, 'bordereau.' || new.state, new.run::text, jsonb_strip_nulls(jsonb_build_object(
        'number', new.number, 'sha256', new.sha256, 'cases', new.cases, 'total_c', new.total_c, 'entered_c', new.entered_c,
        'exceptions', new.exceptions, 'decided_by', new.decided_by, 'reason', new.reason)));
    return new;
end
$$;
create trigger bordereau_event after insert or update on bordereau for each row execute function bordereau_event();

create function bordereau_sample_event() returns trigger language plpgsql as $$
begin
    perform record_event(new.caisse, 'bordereau.sample_drawn', new.run::text, jsonb_build_object('seed', new.seed,
        'size', new.size, 'sha256', (select sha256 from bordereau where bordereau.run = new.run)));
    return new;
end
$$;
create trigger bordereau_sample_event after insert on bordereau_sample for each row execute function bordereau_sample_event();
grant select, insert, update (file_name, sha256, cases, total_c, entered_c, entered, exceptions, codes, written_at) on bordereau
    to glr_runner;
grant select on bordereau_sample to glr_runner;
grant select, update (state, decided_by, decided_at, reason) on bordereau to glr_console;
grant select, insert on bordereau_sample to glr_console;
