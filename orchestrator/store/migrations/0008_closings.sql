-- Runs close themselves once robots have done with them. What was over before is not closed again: no mail about the past.
create table closing (
    run uuid primary key references run,
    caisse text not null,
    tries integer not null check (tries >= 0),
    -- while it is not closed: when it is tried again
    next_try_at timestamptz not null,
    -- why the last try gave nothing, or that it was begun; nothing of a person
    reason text,
    closed_at timestamptz,
    check ((closed_at is null) = (reason is not null))
);
insert into closing (run, caisse, tries, next_try_at, closed_at)
select run.id, run.caisse, 0, now(), now() from run
where not exists (select from cases where cases.run = run.id and cases.state in ('ready', 'waiting', 'leased'));

-- A closed run stays closed.
create function closing_event() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and (old.closed_at is not null or new.run <> old.run) then
        raise exception 'a run is closed once' using errcode = 'GL003';
    end if;
    if new.closed_at is not null then
        perform record_event(new.caisse, 'run.closed', new.run::text, jsonb_build_object('tries', new.tries));
    elsif tg_op = 'UPDATE' and new.tries = old.tries and new.reason <> old.reason then
        perform record_event(new.caisse, 'run.not_closed', new.run::text,
            jsonb_build_object('tries', new.tries, 'reason', new.reason));
    end if;
    return new;
end
$$;
create trigger closing_event before insert or update on closing for each row execute function closing_event();
grant select, insert, update on closing to glr_runner;
grant select on closing to glr_console;
