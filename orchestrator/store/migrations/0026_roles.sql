-- Runners have logins of their own, which see the cases of their caisse; events are written by the database itself. Rights are in
-- rights.sql from now on.

-- Whose cases the runners of a database login may see; a login without a row sees none.
create table runner_login (
    login name not null,
    caisse text not null,
    allowed_at timestamptz not null default now(),
    primary key (login, caisse)
);

-- who began the sessions of before is not known: their lanes have ended with the programs of before
alter table robot_session add column login name not null default session_user;

-- The caisses of the login that asks, when it is a runner's.
create function my_caisses() returns text[] language sql stable security definer as $$
    select coalesce(array_agg(caisse), '{}') from runner_login where login = session_user
$$;

-- Is a session one of the login that asks?
create function held_here(asked uuid) returns boolean language sql stable security definer as $$
    select exists (select from robot_session where id = asked and login = session_user)
$$;

-- Was the last attempt at a case one of the login that asks?
create function worked_here(asked uuid, at_epoch integer) returns boolean language sql stable security definer as $$
    select exists (select from attempt join robot_session on robot_session.id = attempt.session
                   where attempt.case_id = asked and attempt.n = at_epoch and robot_session.login = session_user)
$$;

-- May the login that asks say that this actor has done something in this caisse? The house speaks for the people who have told it
-- who they are; a runner for robots alone, and in its own caisse.
create function may_speak(actor text, in_caisse text) returns boolean language sql stable security definer as $$
    select pg_has_role(session_user, current_user, 'usage') or pg_has_role(session_user, 'glr_orchestrator', 'usage')
        or pg_has_role(session_user, 'glr_console', 'usage')
        or in_caisse = any (my_caisses()) and actor !~ '^(agent|machine|cli|journal)(:|$)'
$$;

create or replace function record_event(caisse text, verb text, object text, details jsonb) returns void
    language plpgsql security definer as $$
begin
    if current_actor() is null then
        raise exception 'no actor: every change says who makes it' using errcode = 'GL001';
    end if;
    if not may_speak(current_actor(), record_event.caisse) then
        raise exception 'not in this name, nor for this caisse' using errcode = 'insufficient_privilege';
    end if;
    insert into audit_outbox (caisse, actor, verb, object, details)
    values (record_event.caisse, current_actor(), record_event.verb, record_event.object, record_event.details);
end
$$;

-- Hold the row of a publication that is in its ramp and may begin more, until the end of the transaction: one claimer at a time.
create function hold_turn(in_caisse text, asked text) returns void language plpgsql security definer as $$
begin
    perform from publication
    where caisse = in_caisse and scenario = asked and state = 'published' and begun < allowed
      and may_speak('session', in_caisse) for update;
end
$$;

-- How people call a case, and where it stands, whoever holds it: nothing of a person.
create function standing_of(asked uuid, out reference text, out state case_state) returns setof record
    language sql stable security definer as $$
    select cases.reference, cases.state from cases where id = asked
$$;
