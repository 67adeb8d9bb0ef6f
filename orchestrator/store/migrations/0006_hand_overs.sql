-- What a run gives away when it is closed: a file, a mail. The intent is committed first, so that none is made twice.
create table hand_over (
    caisse text not null,
    run uuid not null references run,
    effect_key text not null,
    keyword text not null,
    state text not null default 'intended' check (state in ('intended', 'made', 'not_made', 'doubtful')),
    -- names and digests of files, identifiers of messages; nothing of a person
    result jsonb,
    intended_at timestamptz not null default now(),
    -- the person who settled a doubt, and why
    settled_by text,
    reason text,
    primary key (run, effect_key),
    check ((state = 'made') = (result is not null)),
    check ((settled_by is null) = (reason is null))
);
create index hand_over_doubtful on hand_over (caisse) where state in ('intended', 'doubtful');

-- A doubt is settled by a person alone; what was made stays made.
create function hand_over_transition() returns trigger language plpgsql as $$
declare
    allowed constant text[] := array[
        'intended>made', 'intended>not_made', 'intended>doubtful', 'not_made>intended',
        'doubtful>made', 'doubtful>not_made'
    ];
begin
    if tg_op = 'UPDATE' then
        if (new.caisse, new.run, new.effect_key, new.keyword) is distinct from (old.caisse, old.run, old.effect_key, old.keyword)
        then
            raise exception 'a hand-over keeps its identity' using errcode = 'GL004';
        end if;
        if not (old.state || '>' || new.state) = any (allowed)
           or (old.state = 'doubtful' and new.settled_by is null) then
            raise exception 'impossible transition of a hand-over % > %', old.state, new.state using errcode = 'GL003';
        end if;
    elsif new.state <> 'intended' then
        raise exception 'a hand-over is intended first' using errcode = 'GL003';
    end if;
    perform record_event(new.caisse, 'hand_over.' || new.state, new.effect_key, jsonb_strip_nulls(jsonb_build_object(
        'run', new.run, 'keyword', new.keyword, 'result', new.result, 'by', new.settled_by, 'reason', new.reason)));
    return new;
end
$$;
create trigger hand_over_transition before insert or update on hand_over for each row
    execute function hand_over_transition();

grant select, insert, update on hand_over to glr_runner;
grant select on hand_over to glr_console;
grant update (state, result, settled_by, reason) on hand_over to glr_console;
