-- Who may do what: every right of every role, here and nowhere else (ADR 33). Put in force as a whole, by the owner, whenever a
-- migration or this file is new (roles.py); a right that is not named here is taken away.
--
--   glr_runner        a runner and its robot sessions: the cases of its caisse that may be claimed, and those that it has claimed
--   glr_orchestrator  what glr serve does by itself and glr run asks for: loads, plans, closes, reconciles
--   glr_console       what people do in the console
--   glr_exporter      moves events out of the outbox
--   glr_reader        figures for an accountant or a bench: neither ciphertext nor people
--
-- A machine's own login is a member of glr_runner, with a row in runner_login; it owns nothing and is granted nothing else.

do $$
declare
    role text;
    found record;
begin
    execute format('revoke create, temporary on database %I from public', current_database());
    revoke all on schema glr, queue from public;
    foreach role in array array['glr_runner', 'glr_orchestrator', 'glr_console', 'glr_exporter', 'glr_reader'] loop
        execute format('revoke all on all tables in schema glr, queue from %I', role);
        execute format('revoke all on all sequences in schema glr, queue from %I', role);
        execute format('revoke all on all functions in schema glr from %I', role);
        execute format('revoke all on schema glr, queue from %I', role);
        execute format('grant usage on schema glr to %I', role);
    end loop;
    revoke execute on all functions in schema glr from public;

    -- Guards look at everything, whoever writes; nobody calls them, and no table of a role's own stands before ours.
    for found in
        select oid::regprocedure as name from pg_proc
        where pronamespace = 'glr'::regnamespace and prokind = 'f' and (prorettype = 'trigger'::regtype or prosecdef or proname = 'decision_lapsed')
    loop
        execute format('alter function %s security definer set search_path = glr, pg_temp', found.name);
    end loop;
    -- A view shows what who asks may see.
    for found in select oid::regclass as name from pg_class where relnamespace = 'glr'::regnamespace and relkind = 'v' loop
        execute format('alter view %s set (security_invoker = true)', found.name);
    end loop;
    for found in
        select polname as name, polrelid::regclass as relation from pg_policy join pg_class on pg_class.oid = polrelid
        where relnamespace in ('glr'::regnamespace, 'queue'::regnamespace)
    loop
        execute format('drop policy %I on %s', found.name, found.relation);
    end loop;
    -- Of every table with a caisse, a runner sees what is its caisse's.
    for found in
        select pg_class.oid::regclass as name from pg_class join pg_attribute on attrelid = pg_class.oid and attname = 'caisse'
        where relnamespace = 'glr'::regnamespace and relkind = 'r'
    loop
        execute format('alter table %s enable row level security', found.name);
        execute format('create policy house on %s to glr_orchestrator, glr_console, glr_exporter, glr_reader using (true)', found.name);
        if found.name not in ('glr.cases'::regclass, 'glr.publication'::regclass) then
            execute format('create policy its_caisse on %s to glr_runner using (caisse = any ((select glr.my_caisses())::text[]))',
                found.name);
        end if;
    end loop;
end
$$;

-- --- what a runner sees ------------------------------------------------------------------------------------------------

-- What may be claimed, now or once its wait, its approval or another's lease is over; and what it was the last to claim.
create policy claimable on glr.cases to glr_runner using (
    caisse = any ((select glr.my_caisses())::text[])
    and (state in ('ready', 'waiting', 'awaiting_approval')
         or state = 'leased' and lease_until < now()
         or glr.held_here(leased_by)
         or glr.worked_here(id, epoch))
);
create policy in_force on glr.publication for select to glr_runner
    using (state = 'published' and caisse = any ((select glr.my_caisses())::text[]));
alter table glr.version_file enable row level security;
create policy house on glr.version_file to glr_orchestrator, glr_console, glr_reader using (true);
create policy its_caisse on glr.version_file to glr_runner using (exists (select from glr.scenario_version where hash = version));
alter table glr.runner_login enable row level security;
alter table queue.procrastinate_jobs enable row level security;
create policy house on queue.procrastinate_jobs to glr_orchestrator using (true);
create policy its_caisse on queue.procrastinate_jobs to glr_runner using (args ->> 'caisse' = any ((select glr.my_caisses())::text[]));
-- A runner that says its labels sees no ticket that it may not host: others take it.
create policy its_labels on queue.procrastinate_jobs as restrictive for select to glr_runner
    using (status <> 'todo' or glr.may_host(args ->> 'caisse', args ->> 'scenario'));

set local search_path = glr;

-- --- everybody: is this the schema that I know, are these the keys -----------------------------------------------------

grant select on migration, key_fingerprint to glr_runner, glr_orchestrator, glr_console, glr_exporter, glr_reader;
grant execute on function current_actor to glr_runner, glr_orchestrator, glr_console, glr_exporter, glr_reader;

-- --- what robots need: a runner of its caisse, the orchestrator of all ---------------------------------------------------

grant execute on function my_caisses, held_here, worked_here, may_host to glr_runner;
grant execute on function record_event, hold_turn, standing_of, decision_lapsed to glr_runner, glr_orchestrator;
grant execute on function version_in_turn, version_uses, is_restored, robots_stopped, within_hours, version_closed, room_for, keeps_seat,
    close_to_robots to glr_runner, glr_orchestrator, glr_console;
grant execute on function take_seats, act_turn, may_log_in, logged_in to glr_runner, glr_orchestrator;
-- only by what it has filed and proven itself, and only what waits for a document in its caisse
grant execute on function wake_for_filed to glr_runner;

grant select on cases, run, scenario_version, version_file, version_application, case_turn, doubt_to_settle,
    attempt, entry, entry_attempt, doubt, by_hand, by_hand_entry, scenario_stop, application_stop, screen_difference, screen_walk,
    spending, restoration, runner, further_entry, application_setting, application_closed to glr_runner, glr_orchestrator;
grant select (id, caisse, runner, robot, scenario, started_at, last_seen, ended_at, end_reason, applications) on robot_session
    to glr_runner, glr_orchestrator;
-- the version in force and the room of its ramp; not who proposed it, nor why
grant select (id, caisse, scenario, version, state, previous, stage, allowed, begun) on publication to glr_runner;
-- never what a second person is shown
grant select (id, caisse, case_id, entry, values_digest, amount_c, state, validator, asked_at, expires_at, decided_at) on approval
    to glr_runner;

-- its session, its leases, the entries of its claims, their outcomes
grant insert (id, host, pid), update (last_seen, stopped_at, labels, program, knows, leaving_at) on runner to glr_runner, glr_orchestrator;
grant insert (id, caisse, runner, robot, scenario), update (last_seen, ended_at, end_reason) on robot_session
    to glr_runner, glr_orchestrator;
grant update (state, ended_as, epoch, attempts, tries, leased_by, lease_until, wait_until, instruction, findings, begun_under,
    waits_for, waited, priority, due, urgency_on) on cases to glr_runner, glr_orchestrator;
grant insert (case_id, n, caisse, epoch, session, scenario, version),
    update (ended_at, outcome, code, incident, application, touched, acts_left, acts_refused) on attempt to glr_runner, glr_orchestrator;
grant insert (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id),
    update (case_id, line, state, amount_c, reference, settled_by, settled_at, undoes, counted) on entry
    to glr_runner, glr_orchestrator;
grant insert (entry, n, caisse, case_id, epoch, session, values_digest, cookies), update (ended_at, result) on entry_attempt
    to glr_runner, glr_orchestrator;
grant insert (entry, n, caisse, case_id, quiet, look_at), update (look_at, login_ended_at, looked_at, seen, reference) on doubt
    to glr_runner, glr_orchestrator;
-- a robot asks; it never says that somebody agreed
grant insert (id, caisse, case_id, entry, values_digest, payload, amount_c, roles, author, expires_at), update (state) on approval
    to glr_runner, glr_orchestrator;
grant insert (id, caisse, case_id, scenario, cause, code, message, failed, amount_c, queue, restricted, attempt) on exception_item
    to glr_runner, glr_orchestrator;
grant insert on evidence, spending to glr_runner, glr_orchestrator;
grant update (amount_c, limit_c) on spending to glr_runner, glr_orchestrator;
-- the number that a person declared, once it was looked for and is not there
grant update (reference, amount_c, declared_by, declared_at) on by_hand_entry to glr_runner, glr_orchestrator;
-- robots close what they may not work; people alone open it again
grant insert (caisse, scenario, reason) on scenario_stop to glr_runner, glr_orchestrator;
grant update (proposal) on application_stop to glr_runner, glr_orchestrator;
grant insert on screen_difference to glr_runner, glr_orchestrator;
grant insert, update, delete on screen_walk to glr_runner, glr_orchestrator;

-- tickets
grant usage on schema queue to glr_runner, glr_orchestrator;
grant select, insert, update, delete on all tables in schema queue to glr_runner, glr_orchestrator;
grant usage, select on all sequences in schema queue to glr_runner, glr_orchestrator;

-- --- the orchestrator ----------------------------------------------------------------------------------------------------

grant select on publication, approval, exception_item, evidence, delivery, row_set_aside, blind_index, schedule_occurrence,
    hand_over, closing, gap, bordereau, bordereau_sample, restoration_look, open_amount to glr_orchestrator;
grant insert on scenario_version, version_file, version_application, delivery, run, row_set_aside, blind_index,
    schedule_occurrence, open_amount to glr_orchestrator;
grant insert (id, caisse, run, scenario, line, lines, reference, key_digest, priority, due, urgency_on, data_key, payload) on cases
    to glr_orchestrator;
grant update (fired_by, launched_at, held_until) on schedule_occurrence to glr_orchestrator;
grant insert, update on hand_over, closing to glr_orchestrator;
grant update (document_at) on by_hand to glr_orchestrator;
grant insert, update (last_seen_at) on gap to glr_orchestrator;
grant insert, update (file_name, sha256, cases, total_c, entered_c, entered, exceptions, codes, written_at) on bordereau
    to glr_orchestrator;
grant insert (restoration, caisse, application, first, last) on restoration_look to glr_orchestrator;
grant select, insert on alert, alert_sending, log_day to glr_orchestrator;
grant update (tries, next_try_at, sent_at, failure) on alert_sending to glr_orchestrator;
grant select on house_backup to glr_orchestrator;
grant execute on function raise_alert, unhosted to glr_orchestrator;
grant select, insert, delete, update (labels) on robot_labels to glr_orchestrator;
-- is this database older than the audit log?
grant select on sequence audit_outbox_id_seq to glr_orchestrator;

-- --- the console ---------------------------------------------------------------------------------------------------------

grant execute on function record_event, decided_in_run, decision_lapsed, asked_once_more, unhosted to glr_console;
grant select on scenario_version, version_file, version_application, publication, delivery, run, row_set_aside, cases, case_turn,
    case_to_take, blind_index, runner, robot_session, application_stop, scenario_stop, screen_difference, attempt, entry, doubt,
    doubt_to_settle, approval, exception_item, evidence, spending, schedule_occurrence, hand_over, closing, by_hand,
    by_hand_entry, gap, bordereau, restoration, restoration_look, alert, alert_sending, house_backup, account, machine,
    application_setting, application_closed, screen_walk, open_amount, open_amount_now
    to glr_console;
-- proof and time of an entry; never the cookies
grant select (entry, n, caisse, case_id, epoch, session, intent_at, ended_at, result) on entry_attempt to glr_console;
grant update (state, version, instruction, payload, changed_at, wait_until, waits_for) on cases to glr_console;
-- where a supervisor refuses, an agent goes on
grant insert, update on exception_item to glr_console;
grant update (state, validator, decided_at) on approval to glr_console;
grant update (failed_logins, locked_until) on account to glr_console;
grant select, insert, update, delete on web_session to glr_console;
grant delete on application_stop to glr_console;
grant insert, update on application_setting to glr_console;
grant insert (caisse, scenario, reason, stopped_by), update (released_at, released_by) on scenario_stop to glr_console;
grant update (state, decided_by, decided_at, previous, stage, allowed, begun) on publication to glr_console;
grant update (state, result, settled_by, reason) on hand_over to glr_console;
grant insert (case_id, caisse, application, taken_by, waits_for, wait_until), update (document_at, given_back_by, given_back_at)
    on by_hand to glr_console;
grant insert (case_id, taken_at, entry, caisse, place, title, has_amount, computed_c),
    update (reference, amount_c, declared_by, declared_at, left_by, left_at, not_due_by, not_due_at) on by_hand_entry
    to glr_console;
-- who takes a case takes the effects that it would have
grant insert (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id, line, ordinal),
    update (case_id, line) on entry to glr_console;
grant select, insert (id, caisse, entry, reason, asked_by, state), update (state, decided_by) on further_entry to glr_console;
grant update (settled_by, settled_at, reason) on gap to glr_console;
grant update (state, decided_by, decided_at, reason) on bordereau to glr_console;
grant select, insert on bordereau_sample to glr_console;
grant insert (restoration, caisse, application, first, last, looked_by, reason) on restoration_look to glr_console;
grant update (lifted_at, lifted_by) on restoration to glr_console;

-- --- the exporter --------------------------------------------------------------------------------------------------------

grant select, delete on audit_outbox to glr_exporter;
grant select, insert on log_folder to glr_exporter;

-- --- the reader ----------------------------------------------------------------------------------------------------------

grant select on delivery, run, row_set_aside, attempt, entry, closing, hand_over, gap, bordereau, bordereau_sample,
    scenario_stop, application_stop, application_setting, spending, runner, robot_session, schedule_occurrence, restoration
    to glr_reader;
grant select (id, caisse, run, scenario, line, lines, reference, state, ended_as, version, epoch, attempts, tries, priority, due,
    created_at, changed_at, begun_under, waits_for, wait_until) on cases to glr_reader;
grant select (id, caisse, case_id, scenario, cause, code, failed, amount_c, queue, restricted, attempt, opened_at, closed_at,
    decision) on exception_item to glr_reader;
grant select (id, caisse, case_id, entry, amount_c, asked_at, expires_at, state, decided_at) on approval to glr_reader;
