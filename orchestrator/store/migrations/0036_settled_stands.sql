-- expand: what settled a doubt stands as it was seen; a session that slept and woke wrote over it.
create or replace function doubt_event() returns trigger language plpgsql as $$
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
    elsif new.n <> (select max(n) from doubt where entry = new.entry)
          or not exists (select 1 from entry where id = new.entry and state = 'doubtful') then
        raise exception 'what settled a doubt stands as it was seen' using errcode = 'GL009';
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
