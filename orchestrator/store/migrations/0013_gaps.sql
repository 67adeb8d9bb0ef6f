-- What a reconciliation found different: written down once, however often it is found again, until a person explains it.
create table gap (
    id uuid primary key,
    caisse text not null,
    application text not null,
    kind text not null check (kind in ('missing', 'extra', 'different', 'another', 'doubt', 'lost', 'unproven')),
    -- a digest of everything that makes it the same gap when it is found again
    fingerprint text not null,
    case_reference text not null,
    -- the application's own number, or the name of a delivery
    reference text not null,
    message text not null,
    ours_c bigint,
    seen_c bigint,
    opened_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    settled_by text,
    settled_at timestamptz,
    -- what explains it; nothing of a person
    reason text,
    unique (caisse, fingerprint),
    check ((settled_at is null) = (settled_by is null) and (settled_at is null) = (reason is null)),
    constraint explained check (length(btrim(reason)) between 1 and 300)
);
create index gap_open on gap (caisse, opened_at, id) where settled_at is null;

-- What was found stays written, and so does who explained it.
create function gap_event() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if (new.id, new.caisse, new.application, new.kind, new.fingerprint, new.case_reference, new.reference, new.message,
            new.ours_c, new.seen_c, new.opened_at)
           is distinct from (old.id, old.caisse, old.application, old.kind, old.fingerprint, old.case_reference,
            old.reference, old.message, old.ours_c, old.seen_c, old.opened_at)
           or old.settled_at is not null and (new.settled_at, new.settled_by, new.reason)
              is distinct from (old.settled_at, old.settled_by, old.reason) then
            raise exception 'what was found and explained stays written' using errcode = 'GL006';
        end if;
        if new.settled_at is null or old.settled_at is not null then
            return new;
        end if;
    end if;
    perform record_event(new.caisse, 'gap.' || case when tg_op = 'INSERT' then 'opened' else 'settled' end,
        new.reference, jsonb_strip_nulls(jsonb_build_object('gap', new.id, 'kind', new.kind, 'application', new.application,
            'case', nullif(new.case_reference, ''), 'ours_c', new.ours_c, 'seen_c', new.seen_c, 'reason', new.reason)));
    return new;
end
$$;
create trigger gap_event after insert or update on gap for each row execute function gap_event();
grant select, insert, update (last_seen_at) on gap to glr_runner;
grant select, update (settled_by, settled_at, reason) on gap to glr_console;
