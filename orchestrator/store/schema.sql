-- The house: cases, entries, approvals, exceptions, evidence, audit outbox, people, schedule.
-- Every table that holds cases, people or money has its caisse. Personal payloads are AES-256-GCM ciphertext.

-- Of each migration, the newest one that a program has to know to run beside it; none: that migration itself (ADR 40).
alter table migration add column compatible_from text;

create type case_state as enum (
    'ready', 'waiting', 'leased', 'awaiting_approval', 'exception', 'ended', 'rejected', 'cancelled'
);
create type entry_state as enum ('planned', 'intent', 'confirmed', 'doubtful', 'by_hand', 'undone');

-- The fingerprints of the keys of this installation. Another effect key would forget what was entered, another index key would
-- find nobody, another wrapping key would read nothing.
create table key_fingerprint (
    name text primary key check (name in ('effect', 'index', 'wrap')),
    fingerprint text not null,
    since timestamptz not null default now()
);

create table scenario_version (
    hash text primary key,
    caisse text not null,
    name text not null,
    title text not null,
    document text not null,
    recorded_at timestamptz not null default now(),
    -- what it asks of the engine, so that neither runner nor claim reads a file
    parallel integer not null default 1 check (parallel between 1 and 64),
    ramp integer[] not null default '{}',
    incidents integer check (incidents between 1 and 99),
    -- libraries of its suites that may act by themselves: neither read-back nor protocol
    outside text[] not null default '{}'
);

-- The texts of a version: enough to run it when the files on disk have changed.
create table version_file (
    version text not null references scenario_version,
    place integer not null,
    path text not null,
    content text not null,
    primary key (version, path)
);

-- Where the cases of a version are worked: its applications and generic libraries. None: a version of before they were kept.
create table version_application (
    version text not null references scenario_version,
    application text not null,
    primary key (version, application)
);

-- A version proposed by one person and agreed to by another; a live scenario runs in a published version alone.
create table publication (
    id uuid primary key,
    caisse text not null,
    scenario text not null,
    version text not null references scenario_version,
    state text not null default 'proposed' check (state in ('proposed', 'published', 'replaced', 'withdrawn')),
    proposed_by text not null,
    proposed_at timestamptz not null default now(),
    note text not null default '',
    decided_by text,
    decided_at timestamptz,
    -- what the other cases run under while this one is in its ramp: the last version that had done with its own
    previous text references scenario_version,
    -- stages released so far beyond the first; cases it may begin (null: all); cases it has begun while they were counted
    stage integer not null default 0,
    allowed integer,
    begun integer not null default 0,
    constraint second_person check (decided_by is null or decided_by <> proposed_by),
    check ((state in ('published', 'replaced')) = (decided_by is not null)),
    check ((decided_by is null) = (decided_at is null)),
    constraint ramp_stage check (begun <= allowed)
);
create unique index publication_open on publication (caisse, scenario) where state = 'proposed';
create unique index publication_current on publication (caisse, scenario) where state = 'published';
create index publication_recent on publication (caisse, scenario, proposed_at desc);

-- A scenario closed to robots: nothing more is begun until a person has looked.
create table scenario_stop (
    id bigint generated always as identity primary key,
    caisse text not null,
    scenario text not null,
    reason text not null,
    stopped_at timestamptz not null default now(),
    released_at timestamptz,
    released_by text,
    -- the person who stopped it; null: the house, by itself
    stopped_by text,
    check ((released_at is null) = (released_by is null))
);
create unique index scenario_stop_open on scenario_stop (caisse, scenario) where released_at is null;
create index scenario_stop_recent on scenario_stop (caisse, scenario, released_at desc);

create table delivery (
    id uuid primary key,
    caisse text not null,
    scenario text not null,
    file_name text not null,
    sha256 text not null,
    rows integer not null check (rows >= 0),
    received_at timestamptz not null default now(),
    unique (caisse, scenario, sha256)
);

create table run (
    id uuid primary key,
    caisse text not null,
    scenario text not null,
    title text not null,
    version text not null references scenario_version,
    delivery uuid not null unique references delivery,
    robot text not null,
    mode text not null check (mode in ('draft', 'shadow', 'live')),
    run_date date not null,
    started_at timestamptz not null default now()
);
create index run_of_scenario on run (caisse, scenario, started_at);

-- A row of a delivery that did not become a case, with its reason; never its content.
create table row_set_aside (
    delivery uuid not null references delivery,
    caisse text not null,
    line integer not null,
    code text not null,
    reason text not null,
    open_case uuid,
    primary key (delivery, line)
);

create table cases (
    id uuid primary key,
    caisse text not null,
    run uuid not null references run,
    scenario text not null,
    line integer not null,
    -- what people read aloud; random, says nothing of the person
    reference text not null unique,
    key_digest bytea not null,
    state case_state not null default 'ready',
    ended_as text,
    version integer not null default 0,
    epoch integer not null default 0,
    attempts integer not null default 0,
    -- how often its scenario has put it off to another day
    tries integer not null default 0,
    priority integer not null default 0,
    due date,
    leased_by uuid,
    lease_until timestamptz,
    wait_until timestamptz,
    -- what a person asked of the robot: {"do": "resend"} or {"do": "read_back", "reference": …, "by": …}
    instruction jsonb,
    data_key bytea not null,
    payload bytea not null,
    -- ciphertext: what the robot read and computed at the last attempt, as shown to the claimer
    findings bytea,
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    -- the version it was begun under last; null before it was begun
    begun_under text references scenario_version,
    -- why it waits beyond a moment: a date of its scenario, a document that an agent expects, or an entry in doubt that robots
    -- will look at; null: a new try soon
    waits_for text check (waits_for in ('date', 'document', 'doubt')),
    -- the dates that it has waited for, by waiting step: {"moved": "2026-03-30"}
    waited jsonb not null default '{}',
    -- the civil day on which its priority or due change by themselves; null: never
    urgency_on date,
    -- every line of the delivery that it is made of, when it is a group of rows
    lines integer[],
    -- which document a robot has filed for it, told in the log when the case goes on: at once if it waits for one, or as soon
    -- as it would begin to; null: none, or it has gone on
    filed jsonb,
    unique (run, line),
    check ((state = 'leased') = (leased_by is not null and lease_until is not null)),
    check ((state = 'waiting') = (wait_until is not null)),
    constraint own_line check (line = any (lines)),
    constraint waits_while_waiting check (waits_for is null or state = 'waiting'),
    check ((state = 'ended') = (ended_as is not null))
);
-- unique by its key while open
create unique index cases_open_key on cases (caisse, scenario, key_digest)
    where state not in ('ended', 'rejected', 'cancelled');
create index cases_ready on cases (caisse, scenario, priority desc, due, created_at, line, id) where state = 'ready';
-- the order in which agents take them, whatever the scenario
create index cases_for_people on cases
    (caisse, (-priority), (coalesce(due, date '9999-12-31')), created_at, line, id)
    where state in ('exception', 'awaiting_approval');
create index cases_waiting on cases (wait_until) where state = 'waiting';
create index cases_waiting_for on cases (caisse, wait_until, id) where waits_for is not null;
create index cases_urgency on cases (caisse, scenario, urgency_on)
    where urgency_on is not null and state in ('ready', 'waiting', 'awaiting_approval', 'exception');
create index cases_leased on cases (lease_until) where state = 'leased';
create index cases_by_run on cases (run, state, ended_as);

create table blind_index (
    case_id uuid not null references cases,
    caisse text not null,
    field text not null,
    digest bytea not null,
    primary key (case_id, field)
);
create index blind_index_digest on blind_index (digest);

create table runner (
    id uuid primary key,
    host text not null,
    pid integer not null,
    started_at timestamptz not null default now(),
    last_seen timestamptz not null default now(),
    stopped_at timestamptz,
    login name not null default session_user,
    -- what this machine may host, beside robots that ask for nothing
    labels text[] not null default '{}',
    -- its version, and the last migration that it knows; none: a program of before
    program text,
    knows text,
    -- it takes no more tickets and lets its sessions finish
    leaving_at timestamptz
);

-- The labels that a robot asks of the machine that hosts it, as its robot.yaml says on the orchestrator.
create table robot_labels (
    caisse text not null,
    robot text not null,
    labels text[] not null,
    primary key (caisse, robot)
);

-- Whose cases the runners of a database login may see; a login without a row sees none.
create table runner_login (
    login name not null,
    caisse text not null,
    allowed_at timestamptz not null default now(),
    primary key (login, caisse)
);

create table robot_session (
    id uuid primary key,
    caisse text not null,
    runner uuid not null references runner,
    robot text not null,
    scenario text not null,
    started_at timestamptz not null default now(),
    last_seen timestamptz not null default now(),
    ended_at timestamptz,
    end_reason text,
    -- the database login that began it
    login name not null default session_user,
    -- where it works: its seats there are taken until it has ended
    applications text[] not null default '{}'
);
create index robot_session_open on robot_session (runner) where ended_at is null;

-- One row once an application has been closed to robots; absent means open.
create table application_stop (
    caisse text not null,
    application text not null,
    reason text not null,
    stopped_at timestamptz not null default now(),
    -- the change of screens.yaml and release.yaml that would follow, when a walk stopped it
    proposal text not null default '',
    -- the person who stopped it; null: a robot, at what it saw
    stopped_by text,
    -- closed after incidents: when one session may try one case; null: only a person opens it again
    retry_at timestamptz,
    -- the session that tries, and the case that it tries with
    trial uuid,
    trial_case uuid,
    primary key (caisse, application),
    constraint tried_after_incidents check (trial is null or retry_at is not null),
    constraint trial_of_a_session check (trial_case is null or trial is not null)
);

-- What robots may do in an application, on all machines together; absent, or null: no limit.
create table application_setting (
    caisse text not null,
    application text not null,
    -- sessions at the same time: in all, and under the account of one robot
    sessions integer check (sessions between 1 and 999),
    per_account integer check (per_account between 1 and 999),
    -- between two intents, whoever has them; those who wait must fit in the time of one case, so sessions are limited then
    act_every interval check (act_every > interval '0'),
    -- the next turn that nobody was given, and the last intent
    next_act timestamptz,
    last_act timestamptz,
    -- opening hours, civil time of their zone; days as ISO counts them, 1 is Monday
    zone text not null default 'Europe/Paris' check (timestamptz 'epoch' at time zone zone is not null),
    days integer[] check (days <@ array[1, 2, 3, 4, 5, 6, 7] and cardinality(days) > 0),
    opens time,
    closes time,
    -- incidents in a row that close it (0: none do), within how long, and after how long one case is tried
    incidents integer not null default 10 check (incidents between 0 and 99),
    incidents_within interval not null default '10 minutes',
    try_after interval not null default '2 minutes',
    set_by text,
    set_at timestamptz,
    -- incidents of before are forgotten
    reopened_at timestamptz,
    primary key (caisse, application),
    constraint whole_hours check ((days is null) = (opens is null) and (days is null) = (closes is null)),
    constraint opens_before_it_closes check (opens < closes),
    constraint waiting_fits_in_a_case
        check (act_every is null or sessions is not null and act_every * sessions <= interval '2 minutes')
);

-- Who tries the login of a robot's account in an application: one after the other until one was let in, since accounts lock.
create table application_login (
    caisse text not null,
    application text not null,
    robot text not null,
    trying uuid,
    trying_since timestamptz,
    proven_at timestamptz,
    primary key (caisse, application, robot)
);

-- What was different when the screens of an application stopped it, in French; no value of a person (drivers/veil.py).
create table screen_difference (
    caisse text not null,
    application text not null,
    place integer not null,
    screen text not null,
    said text not null,
    -- could another value be entered, or read into what is entered?
    alters boolean not null,
    primary key (caisse, application, place),
    foreign key (caisse, application) references application_stop on delete cascade
);

-- Who walks, or has just walked, the screens of an application: sessions that start together walk once.
create table screen_walk (
    caisse text not null,
    application text not null,
    -- a keyed digest of version, contract and witness: another of them is another walk
    basis text not null,
    session uuid not null,
    begun_at timestamptz not null default now(),
    -- when nothing was found that could alter an entry; absent while it is walked
    passed_at timestamptz,
    -- the screens that only an act leads to: it did not see them
    unseen text[] not null default '{}',
    primary key (caisse, application, basis)
);

create table attempt (
    case_id uuid not null references cases,
    n integer not null,
    caisse text not null,
    epoch integer not null,
    session uuid not null references robot_session,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    outcome text,
    code text,
    scenario text not null,
    version text not null references scenario_version,
    -- true: the application failed; false: it did not; null: the attempt says nothing of it
    incident boolean,
    -- the application in which it failed, when it is an incident of one; every application that it has touched
    application text,
    touched text[] not null default '{}',
    -- requests of acts that left the session's desks, and acts that were refused; null: it ended before it could say
    acts_left integer,
    acts_refused integer,
    primary key (case_id, n)
);
-- a runner asks often which of its sessions is at one case for too long
create index attempt_of_session on attempt (session, started_at);
create index attempt_version on attempt (version);
create index attempt_judged on attempt (caisse, scenario, ended_at desc) where incident is not null;
create index attempt_judged_recently on attempt (caisse, ended_at desc) where incident is not null;

-- One row per effect and ordinal, unique in the whole database, across scenarios, runs, deliveries and caisses.
-- No foreign key to cases: it must outlive the erasure of a person.
create table entry (
    id uuid primary key,
    caisse text not null,
    effect_digest bytea not null,
    scenario text not null,
    application text not null,
    keyword text not null,
    payment boolean not null,
    token text not null,
    case_id uuid not null,
    state entry_state not null default 'planned',
    amount_c bigint,
    reference text,
    settled_by text,
    planned_at timestamptz not null default now(),
    settled_at timestamptz,
    -- the line of the delivery that it is for, when its case has several
    line integer,
    -- the entry that it takes back
    undoes uuid references entry,
    -- the ceilings under which its money is counted since its intent: what it takes back frees those, and no other
    counted text[] not null default '{}',
    -- 1; beyond it the same effect once more, which a person has decided (further_entry)
    ordinal integer not null default 1 check (ordinal between 1 and 99),
    constraint entry_effect unique (effect_digest, ordinal),
    constraint proven check ((state::text in ('confirmed', 'by_hand', 'undone')) = (reference is not null and settled_at is not null))
);
-- the amounts of a run are added up from it
create index entry_by_case on entry (case_id) include (state, undoes, amount_c);
-- one at a time: a case makes no second entry while one of it may have been made and is not proven
create unique index entry_in_doubt on entry (caisse, case_id) where state in ('intent', 'doubtful');

create table entry_attempt (
    entry uuid not null references entry,
    n integer not null,
    caisse text not null,
    case_id uuid not null,
    epoch integer not null,
    session uuid not null,
    -- HMAC of amount, period and object as they were about to be entered: what a later look must show
    values_digest bytea not null,
    -- ciphertext: the session cookie of the application, to end that session when settling a doubt
    cookies bytea,
    intent_at timestamptz not null default now(),
    ended_at timestamptz,
    result text check (result in ('confirmed', 'doubtful', 'not_sent')),
    primary key (entry, n),
    check ((ended_at is null) = (result is null))
);
create unique index entry_attempt_open on entry_attempt (entry) where ended_at is null;

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

create table approval (
    id uuid primary key,
    caisse text not null,
    case_id uuid not null references cases,
    entry uuid not null references entry,
    -- HMAC of exactly what is displayed and will be entered
    values_digest bytea not null,
    -- ciphertext of the same
    payload bytea not null,
    amount_c bigint not null,
    roles text[] not null,
    author text not null,
    asked_at timestamptz not null default now(),
    expires_at timestamptz not null,
    state text not null default 'asked' check (state in ('asked', 'approved', 'refused', 'void')),
    validator text,
    decided_at timestamptz,
    check (validator is null or validator <> author),
    check ((state in ('approved', 'refused')) = (validator is not null and decided_at is not null))
);
create unique index approval_open on approval (entry) where state = 'asked';
create index approval_by_case on approval (case_id);

create table exception_item (
    id uuid primary key,
    caisse text not null,
    case_id uuid not null references cases,
    scenario text not null,
    cause text not null check (cause in ('business', 'application', 'doubt', 'robot')),
    code text not null,
    message text not null,
    -- every failed control: [{"code", "step", "title"}]
    failed jsonb not null default '[]',
    -- what the robot computed before it stopped, when it did
    amount_c bigint,
    queue text not null,
    -- true for the queues of sensitive cases: only people with the right see them
    restricted boolean not null default false,
    attempt integer not null,
    opened_at timestamptz not null default now(),
    version integer not null default 0,
    claimed_by text,
    claimed_until timestamptz,
    -- the claimer asked to see names and numbers; recorded, and void with the claim
    revealed_at timestamptz,
    -- everyone who ever claimed it: none of them may approve the entry
    worked_by text[] not null default '{}',
    closed_at timestamptz,
    closed_by text,
    decision text check (decision in ('resend', 'done_by_hand', 'reject', 'wait')),
    -- ciphertext: the words of the agents, oldest first: [{"at", "by", "about", "text"}]
    note bytea,
    check ((claimed_by is null) = (claimed_until is null)),
    check (revealed_at is null or claimed_by is not null),
    check ((closed_at is null) = (decision is null) and (closed_at is null) = (closed_by is null))
);
create unique index exception_item_open on exception_item (case_id) where closed_at is null;
create index exception_item_queue on exception_item (caisse, queue, opened_at, id) where closed_at is null;
create index exception_item_age on exception_item (caisse, opened_at, id) where closed_at is null;
create index exception_item_settled on exception_item (caisse, closed_by, closed_at desc, id) where closed_at is not null;
create index exception_item_by_case on exception_item (case_id);
-- few: asked of each case of a list
create index exception_item_restricted on exception_item (case_id) where restricted;

create table evidence (
    digest text not null,
    case_id uuid not null references cases,
    caisse text not null,
    attempt integer not null,
    step text not null,
    kind text not null,
    bytes integer not null,
    taken_at timestamptz not null default now(),
    primary key (case_id, digest)
);

-- A case that a person works by hand while an application is closed to robots. Until it is given back or read back (it is
-- "held"), no robot enters it: the triggers of cases and entries say so.
create table by_hand (
    case_id uuid not null references cases,
    caisse text not null,
    -- the application that was closed when it was taken
    application text not null,
    taken_by text not null,
    taken_at timestamptz not null default now(),
    -- until when it waited, and for what, when it was taken out of a wait: given back, it waits again
    waits_for text check (waits_for in ('date', 'document')),
    wait_until timestamptz,
    -- the document came while a person had the case
    document_at timestamptz,
    given_back_by text,
    given_back_at timestamptz,
    -- nothing stands any more that was declared and not read back
    read_back_at timestamptz,
    primary key (case_id, taken_at),
    constraint waits_until check (waits_for is null or wait_until is not null),
    check ((given_back_at is null) = (given_back_by is null))
);
create unique index by_hand_held on by_hand (case_id) where given_back_at is null and read_back_at is null;
create index by_hand_recent on by_hand (caisse, taken_at desc, case_id);

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

-- Money already committed under a ceiling; the CHECK is the ceiling.
create table spending (
    caisse text not null,
    scenario text not null,
    scope text not null,
    amount_c bigint not null,
    limit_c bigint not null,
    primary key (caisse, scenario, scope),
    check (amount_c <= limit_c)
);

create table audit_outbox (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    caisse text not null,
    actor text not null,
    verb text not null,
    object text not null,
    details jsonb not null
);

-- Where the audit log is written: one folder, whoever exports. Its name is in a file of it, so that it may be mounted
-- anywhere and moved; host and path say where it was first seen.
create table log_folder (
    one boolean primary key default true check (one),
    id uuid not null,
    host text not null,
    path text not null,
    since timestamptz not null default now()
);

create table account (
    login text primary key,
    caisse text not null,
    display_name text not null,
    role text not null check (role in ('agent', 'supervisor', 'accounting')),
    password_hash text not null,
    restricted_queues boolean not null default false,
    active boolean not null default true,
    failed_logins integer not null default 0,
    locked_until timestamptz
);

-- A program that may deliver cases of one scenario; only the digest of its token is kept.
create table machine (
    login text primary key check (login ~ '^[a-z0-9][a-z0-9._-]{1,39}$'),
    caisse text not null,
    scenario text not null,
    token_digest bytea not null unique check (length(token_digest) = 32),
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);

create table web_session (
    id_digest bytea primary key,
    login text not null references account,
    caisse text not null,
    csrf text not null,
    created_at timestamptz not null default now(),
    last_seen timestamptz not null default now()
);

create table schedule_occurrence (
    caisse text not null,
    scenario text not null,
    occurrence text not null,
    due timestamptz not null,
    fired_at timestamptz not null default now(),
    fired_by text not null,
    -- null: being launched, by who fired it; by another once that one has given no sign of life until this instant
    launched_at timestamptz default now(),
    held_until timestamptz not null default now(),
    primary key (caisse, scenario, occurrence)
);
create index schedule_occurrence_open on schedule_occurrence (caisse, scenario) where launched_at is null;

-- The house as a backup made it: nobody knows what was entered since, so robots begin nothing until people have looked (ENTER).
create table restoration (
    id uuid primary key,
    caisse text not null,
    -- the last instant that the backup knows of
    backup_at timestamptz not null,
    -- SHA-256 of the backup's manifest; empty: nobody said it was restored, the audit log showed it
    backup text not null,
    restored_at timestamptz not null default clock_timestamp(),
    restored_by text not null,
    lifted_at timestamptz,
    lifted_by text,
    check ((lifted_at is null) = (lifted_by is null))
);
create unique index restoration_open on restoration (caisse) where lifted_at is null;

-- An application in which what was entered since a backup was looked at: by a reconciliation, or by a person.
create table restoration_look (
    restoration uuid not null references restoration on delete cascade,
    caisse text not null,
    application text not null,
    looked_at timestamptz not null default clock_timestamp(),
    -- civil days that were compared
    first date not null,
    last date not null,
    -- the person who compared without a reconciliation, and what was found; nothing of a person
    looked_by text,
    reason text,
    check ((looked_by is null) = (reason is null))
);
create index restoration_look_of on restoration_look (restoration, application);

-- What those who run the house are told by mail or webhook, written in the transaction of what it tells of, and once for each
-- fingerprint; its sentence is made by us, without a word of a person.
create table alert (
    id uuid primary key default gen_random_uuid(),
    caisse text not null,
    kind text not null check (kind in ('scenario_stopped', 'application_stopped', 'doubt', 'gap', 'reconciliation', 'log', 'backup',
        'not_run', 'unhosted', 'test')),
    -- a scenario, an application, a token, a day
    object text not null,
    message text not null,
    fingerprint text not null,
    raised_at timestamptz not null default clock_timestamp(),
    constraint told_once unique (caisse, fingerprint)
);
create index alert_recent on alert (caisse, raised_at);

-- Where an alert was sent, or is to be sent again: at least once to each channel, under its own id.
create table alert_sending (
    alert uuid not null references alert,
    channel text not null check (channel in ('mail', 'webhook')),
    tries integer not null check (tries >= 1),
    next_try_at timestamptz not null,
    sent_at timestamptz,
    -- why the last try failed, in words of ours
    failure text,
    primary key (alert, channel)
);

-- What a day of the audit log was when it was looked at: its lines and their root. A day that shows another was changed.
create table log_day (
    caisse text not null,
    day date not null,
    lines bigint not null check (lines >= 0),
    root text not null check (root ~ '^[0-9a-f]{64}$'),
    seen_at timestamptz not null default clock_timestamp(),
    primary key (caisse, day)
);

-- When the last backup of a house was made.
create table house_backup (
    caisse text primary key,
    made_at timestamptz not null
);

-- Who acts in this transaction; every audited change is refused without it.
create function current_actor() returns text language sql stable as $$
    select nullif(current_setting('glr.actor', true), '')
$$;

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
create function may_speak(actor text, in_caisse text) returns boolean language plpgsql stable security definer as $$
begin
    if pg_has_role(session_user, current_user, 'usage') or pg_has_role(session_user, 'glr_orchestrator', 'usage')
       or pg_has_role(session_user, 'glr_console', 'usage') then
        return true;
    end if;
    return actor !~ '^(agent|machine|cli|journal)(:|$)'
        and exists (select from runner_login where login = session_user and caisse = in_caisse);
end
$$;

-- Every change says who makes it, and nobody speaks for another caisse than his own.
create function check_speaker(caisses text[]) returns void language plpgsql security definer as $$
declare
    caisse text;
begin
    foreach caisse in array caisses loop
        if current_actor() is null then
            raise exception 'no actor: every change says who makes it' using errcode = 'GL001';
        end if;
        if not may_speak(current_actor(), caisse) then
            raise exception 'not in this name, nor for this caisse' using errcode = 'insufficient_privilege';
        end if;
    end loop;
end
$$;

create function record_event(caisse text, verb text, object text, details jsonb) returns void
    language plpgsql security definer as $$
begin
    perform check_speaker(array[caisse]);
    insert into audit_outbox (caisse, actor, verb, object, details)
    values (record_event.caisse, current_actor(), record_event.verb, record_event.object, record_event.details);
end
$$;

-- Tell those who run the house, once: what was told under this fingerprint is not told again.
create function raise_alert(caisse text, kind text, object text, message text, fingerprint text) returns void
language sql as $$
    insert into alert (caisse, kind, object, message, fingerprint)
    values (raise_alert.caisse, raise_alert.kind, raise_alert.object, raise_alert.message, raise_alert.fingerprint)
    on conflict do nothing
$$;

-- What a person took goes back to robots only once something was said of each of its entries, and then to read back what was
-- declared; nothing ends it but that, or a rejection while nothing stands.
create function held_by_people(before cases, after cases) returns void language plpgsql as $$
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

create function case_transition() returns trigger language plpgsql as $$
declare
    allowed constant text[] := array[
        'ready>leased', 'ready>cancelled', 'waiting>ready', 'waiting>cancelled',
        'leased>ready', 'leased>waiting', 'leased>awaiting_approval', 'leased>exception', 'leased>ended',
        'awaiting_approval>ready', 'awaiting_approval>exception',
        'exception>ready', 'exception>waiting', 'exception>rejected', 'exception>cancelled',
        'ready>exception', 'waiting>exception'  -- taken by a person alone
    ];
begin
    if new.epoch < old.epoch then
        raise exception 'an epoch never goes back' using errcode = 'GL002';
    end if;
    if new.state = old.state then
        return new;
    end if;
    if not (old.state || '>' || new.state) = any (allowed) then
        raise exception 'impossible transition % > %', old.state, new.state using errcode = 'GL003';
    end if;
    -- asked only when there is something to refuse: a whole row is dear to hand over
    if old.state in ('ready', 'waiting') and new.state = 'exception'
       or exists (select from by_hand where case_id = new.id and given_back_at is null and read_back_at is null) then
        perform held_by_people(old, new);
    end if;
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
    return new;
end
$$;
create trigger case_transition before update on cases for each row execute function case_transition();
-- What is new is told once it is made, by one statement for as many as one statement makes: an insert that meets a row that
-- stands makes none, and tells nothing.
create function cases_made() returns trigger language plpgsql security definer set search_path from current as $$
begin
    perform check_speaker(array(select distinct caisse from made));
    insert into audit_outbox (caisse, actor, verb, object, details)
    select caisse, current_actor(), 'case.' || state, reference, jsonb_strip_nulls(jsonb_build_object(
        'version', version, 'epoch', epoch, 'ended_as', ended_as, 'scenario', scenario, 'run', run, 'attempts', attempts))
    from made order by line, id;
    return null;
end
$$;
create trigger cases_made after insert on cases referencing new table as made for each statement execute function cases_made();

-- Of these, which wait for a document, those go on for which one was filed that they have not gone on with, whichever came first;
-- in doubt a case stays as it is.
create function go_on_with_filed(waiting uuid[]) returns void language plpgsql security definer set search_path from current as $$
declare
    found_case record;
begin
    for found_case in
        update cases set state = 'ready', filed = null from cases said
        where cases.id = any(waiting) and said.id = cases.id and cases.state = 'waiting' and cases.waits_for = 'document'
          and cases.filed is not null and not exists (
              select 1 from entry where entry.case_id = cases.id and entry.state in ('intent', 'doubtful'))
        returning cases.caisse, cases.reference, said.filed
    loop
        perform record_event(found_case.caisse, 'case.woken', found_case.reference, found_case.filed);
    end loop;
end
$$;

-- What has changed its state is told in the same way; who waits for what was filed goes on then.
create function cases_changed() returns trigger language plpgsql security definer set search_path from current as $$
begin
    perform check_speaker(array(
        select distinct after.caisse from after join before using (id) where after.state <> before.state));
    insert into audit_outbox (caisse, actor, verb, object, details)
    select after.caisse, current_actor(), 'case.' || after.state, after.reference, jsonb_strip_nulls(jsonb_build_object(
        'from', before.state, 'version', after.version, 'epoch', after.epoch,
        'ended_as', after.ended_as, 'scenario', after.scenario, 'run', after.run, 'attempts', after.attempts))
    from after join before using (id) where after.state <> before.state order by after.changed_at, id;
    if exists (select from after where filed is not null and waits_for = 'document') then
        perform go_on_with_filed(array(select id from after where filed is not null and waits_for = 'document'));
    end if;
    return null;
end
$$;
create trigger cases_changed after update on cases referencing old table as before new table as after
    for each statement execute function cases_changed();

-- Are the cases of a version worked in this application? One of before they were kept may be worked in any.
create function version_uses(asked text, application text) returns boolean language sql stable as $$
    select exists (select 1 from version_application used
                   where used.version = asked and used.application = version_uses.application)
        or not exists (select 1 from version_application used where used.version = asked)
$$;

-- Does the house wait for people to look at what was entered since the backup that it was restored from?
create function is_restored(asked text) returns boolean language sql stable as $$
    select exists (select 1 from restoration where restoration.caisse = asked and lifted_at is null)
$$;

-- Is an instant within opening hours, in civil time of a zone?
create function within_hours(instant timestamptz, zone text, days integer[], opens time, closes time) returns boolean
    language sql stable as $$
    select extract(isodow from civil)::integer = any (days) and civil::time >= opens and civil::time < closes
    from (select instant at time zone zone as civil) here
$$;

-- Applications in which robots may not work now: stopped, or outside their hours. After incidents one session may try one case.
create view application_closed as
select caisse, application, trial, trial_case,
       coalesce(retry_at <= now() and not exists (
           select 1 from robot_session where robot_session.id = trial and ended_at is null), false) as triable
from application_stop
union all
select caisse, application, null, null, false from application_setting
where opens is not null and not within_hours(now(), zone, days, opens, closes);

-- May no case of a version be taken: is an application that it is worked in closed, but for the session that tries it?
-- Asked for no session: might one be begun for it?
create function version_closed(asked text, in_caisse text, by_session uuid) returns boolean language sql stable as $$
    select exists (
        select 1 from application_closed closed
        where closed.caisse = in_caisse and version_uses(asked, closed.application)
          and (case when by_session is null then closed.triable
                    else closed.trial = by_session and closed.trial_case is null end) is not true
    )
$$;

-- How many seconds until an act's turn in an application comes, for all machines: one is given after the other.
create function act_turn(in_caisse text, asked text) returns double precision
    language plpgsql security definer set search_path from current as $$
declare
    mine timestamptz;
begin
    update application_setting set next_act = greatest(next_act, clock_timestamp()) + act_every
    where caisse = in_caisse and application = asked and act_every is not null and may_speak('session', in_caisse)
    returning next_act - act_every into mine;
    return greatest(0, coalesce(extract(epoch from mine - clock_timestamp()), 0));
end
$$;

-- Is an intent too soon after the one before in its application? Counted one after the other, as they commit.
create function too_soon(in_caisse text, asked text) returns boolean
    language plpgsql security definer set search_path from current as $$
begin
    if not exists (select 1 from application_setting
            where caisse = in_caisse and application = asked and act_every is not null) then
        return false;
    end if;
    update application_setting set last_act = clock_timestamp()
    where caisse = in_caisse and application = asked and (last_act + act_every > clock_timestamp()) is not true;
    return not found;
end
$$;

-- Are robots stopped for a case that would act in an application: its scenario, or any application that it is worked in?
create function robots_stopped(asked uuid, act_in text) returns boolean language sql stable as $$
    select exists (
        select 1 from cases join scenario_stop stop on stop.caisse = cases.caisse and stop.scenario = cases.scenario
        where cases.id = asked and stop.released_at is null
    ) or exists (
        select 1 from cases join application_closed closed on closed.caisse = cases.caisse
        where cases.id = asked and (closed.trial = cases.leased_by and closed.trial_case = cases.id) is not true
          and (closed.application = act_in
               or cases.begun_under is not null and version_uses(cases.begun_under, closed.application))
    ) or exists (
        select 1 from cases where cases.id = asked and is_restored(cases.caisse)
    )
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

-- Was the case for which a person decided that an entry is due once more closed since? The decision was for that case alone.
create function decision_lapsed(this entry) returns boolean language sql stable as $$
    select this.ordinal > 1 and exists (
        select 1 from cases where cases.id = this.case_id and state in ('ended', 'rejected', 'cancelled')
            and changed_at > this.planned_at)
$$;

create function entry_transition() returns trigger language plpgsql as $$
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
        if new.state = 'intent' and too_soon(new.caisse, new.application) then
            raise exception 'an act of another began a moment ago' using errcode = 'GL011';
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
create trigger entry_transition before update on entry for each row execute function entry_transition();
create trigger entry_transition_made after insert on entry for each row execute function entry_transition();

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

-- True while a declared number of a case that people hold has not been read back.
create function declared_by_hand(held by_hand) returns boolean language sql stable as $$
    select exists (select 1 from by_hand_entry where case_id = held.case_id and taken_at = held.taken_at
                   and reference is not null and read_back_at is null)
$$;

-- A doubt begins with an attempt that ended in doubt; its quiet time is never cut short, and what settled it stands.
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
create trigger doubt_event before update on doubt for each row execute function doubt_event();
create trigger doubt_event_made after insert on doubt for each row execute function doubt_event();

create function by_hand_event() returns trigger language plpgsql as $$
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
create trigger by_hand_event before insert or update on by_hand for each row execute function by_hand_event();

-- What is said of an entry may change until it is read back; a declared number is only replaced by another, or found missing.
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

-- Once the last declared number is read back, and something was said of all the others, nobody holds the case any more.
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

-- Four eyes: who approves is neither the author nor anyone who worked on the case.
create function four_eyes() returns trigger language plpgsql as $$
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
create trigger four_eyes before update on approval for each row when (old.state is distinct from new.state)
    execute function four_eyes();

create function exception_event() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        if new.claimed_by is distinct from old.claimed_by then
            new.revealed_at := null;
        end if;
        if new.claimed_by is not null and not new.claimed_by = any (new.worked_by) then
            new.worked_by := new.worked_by || new.claimed_by;
        end if;
        if new.revealed_at is not null and old.revealed_at is null then
            perform record_event(new.caisse, 'case.revealed', (select reference from cases where id = new.case_id),
                jsonb_build_object('exception', new.id, 'code', new.code));
            return new;
        end if;
    end if;
    perform record_event(new.caisse,
        'exception.' || case
            when tg_op = 'INSERT' then 'opened'
            when new.closed_at is not null and old.closed_at is null then 'closed'
            when new.queue <> old.queue then 'handed_over'
            when new.claimed_by is distinct from old.claimed_by and new.claimed_by is not null then 'claimed'
            when new.claimed_by is distinct from old.claimed_by then 'released'
            else 'renewed' end,
        (select reference from cases where id = new.case_id),
        jsonb_strip_nulls(jsonb_build_object('code', new.code, 'cause', new.cause, 'queue', new.queue,
            'decision', new.decision)));
    return new;
end
$$;
create trigger exception_event before insert or update on exception_item for each row execute function exception_event();

-- Whose turn a ready case is: a run that is not live keeps its own version; of the others, the published version takes what it
-- has begun and, while its ramp has room, what is new; the one before it takes the rest.
create function version_in_turn(
    mode text, own text, begun_under text, published text, previous text, has_room boolean
) returns text language sql immutable parallel safe as $$
    select case when mode <> 'live' then own when has_room or begun_under = published then published else previous end
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

-- Ready cases that may be taken now, with the version whose turn it is: nothing of a stopped scenario, nothing at all in a restored
-- house; whether a version is closed is asked apart, once for all of its cases.
create view case_turn as
select turn.id, turn.caisse, turn.scenario, turn.version, turn.robot from (
    select cases.id, cases.caisse, cases.scenario, run.robot,
           version_in_turn(run.mode, run.version, cases.begun_under, now.version, now.previous,
                           coalesce(now.begun < now.allowed, now.version is not null)) as version
    from cases
    join run on run.id = cases.run
    left join publication now
        on now.caisse = cases.caisse and now.scenario = cases.scenario and now.state = 'published'
    where cases.state = 'ready' and not exists (
        select 1 from scenario_stop stop
        where stop.caisse = cases.caisse and stop.scenario = cases.scenario and stop.released_at is null)
      and not exists (select 1 from restoration where restoration.caisse = cases.caisse and lifted_at is null)
) turn where turn.version is not null;

-- Entries in doubt that robots will look at: shown to people as such, long before anybody has to decide.
create view doubt_to_settle as
select entry.id as entry, entry.caisse, entry.case_id, coalesce(last.look_at, cases.lease_until, cases.changed_at) as look_at
from entry join cases on cases.id = entry.case_id
left join lateral (select look_at from doubt where doubt.entry = entry.id order by n desc limit 1) last on true
where entry.state in ('intent', 'doubtful') and cases.state in ('ready', 'waiting', 'leased')
  and (entry.state = 'doubtful' or cases.state <> 'leased');

-- Cases that a person may take from the robots: nothing of them was or may have been entered. Those that wait for an approval, a
-- date or a document are no robot's turn: a person takes them one by one.
create view case_to_take as
select cases.id, cases.caisse, cases.scenario,
       cases.state = 'awaiting_approval' or cases.waits_for is not null as waits
from cases join run on run.id = cases.run
where run.mode = 'live' and cases.state in ('ready', 'waiting', 'awaiting_approval')
  and coalesce(cases.instruction ->> 'do', '') <> 'read_back'
  and not exists (select 1 from entry where entry.case_id = cases.id and entry.state <> 'planned');

-- A case counts once for the version it is begun under; the CHECK is the stage of the ramp. Asked first whether anything is
-- counted: nearly every case is begun while nothing is.
create function count_for_ramp() returns trigger language plpgsql as $$
begin
    if exists (select from publication where (caisse, scenario) in (select caisse, scenario from after)
               and state = 'published' and allowed is not null) then
        -- the attempt that begins with this claim is numbered by its epoch: it is not an earlier one
        update publication set begun = begun + taken.cases
        from (select after.caisse, after.scenario, after.begun_under, count(*) as cases from after join before using (id)
              where after.state = 'leased' and before.state <> 'leased' and not exists (
                  select 1 from attempt where case_id = id and version = after.begun_under and n < after.epoch)
              group by after.caisse, after.scenario, after.begun_under) taken
        where publication.caisse = taken.caisse and publication.scenario = taken.scenario and version = taken.begun_under
          and state = 'published' and allowed is not null;
    end if;
    return null;
end
$$;
create trigger count_for_ramp after update on cases referencing old table as before new table as after
    for each statement execute function count_for_ramp();

create function publication_event() returns trigger language plpgsql as $$
declare
    allowed_moves constant text[] := array['proposed>published', 'proposed>withdrawn', 'published>replaced'];
begin
    if tg_op = 'UPDATE' then
        if (new.caisse, new.scenario, new.version, new.proposed_by)
           is distinct from (old.caisse, old.scenario, old.version, old.proposed_by) then
            raise exception 'what was proposed does not change' using errcode = 'GL006';
        end if;
        if new.begun < old.begun then
            raise exception 'begun cases stay counted' using errcode = 'GL002';
        end if;
        if new.state <> old.state and not (old.state || '>' || new.state) = any (allowed_moves) then
            raise exception 'impossible transition of a version % > %', old.state, new.state using errcode = 'GL003';
        end if;
        if new.state = old.state and new.stage = old.stage then
            return new;
        end if;
    elsif new.state <> 'proposed' then
        raise exception 'a version is proposed first' using errcode = 'GL003';
    end if;
    perform record_event(new.caisse,
        'version.' || case when tg_op = 'UPDATE' and new.state = old.state then 'stage_released' else new.state end,
        new.scenario, jsonb_strip_nulls(jsonb_build_object('version', new.version, 'proposed_by', new.proposed_by,
            'decided_by', new.decided_by, 'previous', new.previous, 'stage', new.stage, 'allowed', new.allowed,
            'begun', new.begun)));
    return new;
end
$$;
create trigger publication_event before insert or update on publication for each row execute function publication_event();

-- Too many incidents among the last attempts close the scenario; at least ten are looked at, fifty at most.
create function watch_incidents() returns trigger language plpgsql as $$
declare
    most integer;
    looked integer;
    failed integer;
begin
    select incidents into most from scenario_version where hash = new.version;
    if most is null or new.incident is not true then
        return new;
    end if;
    -- one after the other: lanes that end at the same time see each other's incidents, and none goes beyond the share
    perform pg_advisory_xact_lock(hashtextextended(format('glr.incidents %s %s', new.caisse, new.scenario), 0));
    select count(*), count(*) filter (where incident) into looked, failed from (
        select incident from attempt
        where caisse = new.caisse and scenario = new.scenario and incident is not null
          and ended_at > coalesce((select max(released_at) from scenario_stop
                                   where caisse = new.caisse and scenario = new.scenario), '-infinity')
        order by ended_at desc limit 50
    ) last;
    if looked >= 10 and failed * 100 > looked * most then
        insert into scenario_stop (caisse, scenario, reason)
        values (new.caisse, new.scenario, format('%s incidents applicatifs sur les %s dernières tentatives (%s %% permis)',
                                                 failed, looked, most))
        on conflict do nothing;
    end if;
    return new;
end
$$;
create trigger watch_incidents after update on attempt for each row
    when (new.incident and old.incident is null) execute function watch_incidents();

-- How many sessions of a robot there may be at most for a version, those of its scenario that work now included.
create function room_for(asked text, in_caisse text, in_scenario text, of_robot text) returns integer language sql stable as $$
    select coalesce((
        select min(least(setting.sessions - working.others, setting.per_account - working.of_robot,
                         case when stop.retry_at is not null then 1 + working.own end))
        from (select application from application_setting where caisse = in_caisse
              union select application from application_stop where caisse = in_caisse) known
        left join application_setting setting on setting.caisse = in_caisse and setting.application = known.application
        left join application_stop stop on stop.caisse = in_caisse and stop.application = known.application
        cross join lateral (
            select count(*) filter (where scenario <> in_scenario) as others, count(*) filter (where scenario = in_scenario) as own,
                   count(*) filter (where scenario <> in_scenario and robot = of_robot) as of_robot
            from robot_session
            where ended_at is null and caisse = in_caisse and known.application = any (applications)
        ) working
        where version_uses(asked, known.application)
    ), 999)
$$;

-- Does a session keep its seats: it gave a sign of life, and there are not fewer seats than before, its own among those that are gone?
create function keeps_seat(asked uuid) returns boolean language sql stable as $$
    select not exists (select 1 from robot_session lost where lost.id = asked and lost.ended_at is not null) and not exists (
        select 1 from robot_session me join application_setting setting
            on setting.caisse = me.caisse and setting.application = any (me.applications)
        cross join lateral (
            select count(*) as sessions, count(*) filter (where older.robot = me.robot) as of_robot from robot_session older
            where older.ended_at is null and older.caisse = me.caisse and setting.application = any (older.applications)
              and (older.started_at, older.id) < (me.started_at, me.id)
        ) before
        where me.id = asked and (before.sessions >= setting.sessions or before.of_robot >= setting.per_account)
    )
$$;

-- A session takes its seats in every application that it works in, and those that may be tried again; returns where none is
-- left: it may not begin. Counted one after the other, for all machines.
create function take_seats(asked uuid, used text[]) returns text language plpgsql security definer set search_path from current as $$
declare
    me robot_session;
    setting application_setting;
    held integer;
    of_robot integer;
begin
    select * into me from robot_session where id = asked and may_speak('session', caisse);
    for setting in
        select * from application_setting
        where caisse = me.caisse and application = any (used) and (sessions is not null or per_account is not null)
        order by application for update
    loop
        select count(*), count(*) filter (where robot = me.robot) into held, of_robot from robot_session
        where ended_at is null and caisse = me.caisse and id <> me.id and setting.application = any (applications);
        if held >= setting.sessions or of_robot >= setting.per_account then
            return setting.application;
        end if;
    end loop;
    update robot_session set applications = used where id = asked;
    update application_stop set trial = asked, trial_case = null
    where caisse = me.caisse and application = any (used) and retry_at <= now() and not exists (
        select 1 from robot_session where robot_session.id = application_stop.trial and ended_at is null);
    return null;
end
$$;

-- The session that tries an application again does so with one case: the next that it takes.
create function begin_trial_case() returns trigger language plpgsql security definer set search_path from current as $$
begin
    update application_stop set trial_case = taken.id
    from (select distinct on (after.leased_by) id, after.leased_by from after join before using (id)
          where after.state = 'leased' and before.state <> 'leased' order by after.leased_by, after.changed_at) taken
    where trial = taken.leased_by and trial_case is null;
    return null;
end
$$;
create trigger begin_trial_case after update on cases referencing old table as before new table as after
    for each statement execute function begin_trial_case();

-- May a session type a password now: 'yes', 'wait' for another that tries the same account, or 'no': robots are stopped there?
create function may_log_in(by_session uuid, asked text) returns text
    language plpgsql security definer set search_path from current as $$
declare
    me robot_session;
    turn application_login;
begin
    select * into me from robot_session where id = by_session and ended_at is null and may_speak('session', caisse);
    if not found or exists (select 1 from application_closed closed
            where closed.caisse = me.caisse and closed.application = asked and closed.trial is distinct from by_session) then
        return 'no';
    end if;
    insert into application_login (caisse, application, robot) values (me.caisse, asked, me.robot) on conflict do nothing;
    select * into turn from application_login
    where caisse = me.caisse and application = asked and robot = me.robot for update;
    if turn.proven_at > now() - interval '10 minutes' then
        return 'yes';
    end if;
    if turn.trying <> by_session and turn.trying_since > now() - interval '1 minute'
       and exists (select 1 from robot_session where id = turn.trying and ended_at is null) then
        return 'wait';
    end if;
    update application_login set trying = by_session, trying_since = now()
    where caisse = me.caisse and application = asked and robot = me.robot;
    return 'yes';
end
$$;

-- A session was let in: others may log in at the same time.
create function logged_in(by_session uuid, asked text) returns void language sql security definer set search_path from current as $$
    update application_login login set proven_at = now(), trying = null, trying_since = null from robot_session me
    where me.id = by_session and may_speak('session', me.caisse)
      and login.caisse = me.caisse and login.application = asked and login.robot = me.robot
$$;

-- Close an application to every robot; over a stop that lifts itself. False when it was closed already.
create function close_to_robots(in_caisse text, asked text, why text, person text) returns boolean
    language plpgsql security definer set search_path from current as $$
declare
    closed boolean;
begin
    if not may_speak(coalesce('agent:' || person, 'session'), in_caisse) then
        raise exception 'not in this name, nor for this caisse' using errcode = 'insufficient_privilege';
    end if;
    insert into application_stop (caisse, application, reason, stopped_by) values (in_caisse, asked, why, person)
    on conflict (caisse, application) do update
    set reason = excluded.reason, stopped_by = excluded.stopped_by, stopped_at = now(), retry_at = null, trial = null,
        trial_case = null
    where application_stop.retry_at is not null;
    closed := found;
    update application_login set proven_at = null where caisse = in_caisse and application = asked;
    return closed;
end
$$;

-- Incidents in a row close an application; the case that tries it again opens it, or keeps it closed.
create function watch_application() returns trigger language plpgsql security definer set search_path from current as $$
declare
    setting application_setting;
    failed integer;
    opened text;
begin
    if new.application is null and not exists (select from application_stop where trial = new.session) then
        return new;
    end if;
    perform pg_advisory_xact_lock(hashtextextended(format('glr.application %s %s', new.caisse, new.application), 0))
    where new.application is not null;
    if new.incident and new.application is not null then
        select * into setting from application_setting where caisse = new.caisse and application = new.application;
        update application_stop set trial = null, trial_case = null,
            retry_at = now() + coalesce(setting.try_after, interval '2 minutes')
        where caisse = new.caisse and application = new.application and trial = new.session;
        if found then
            perform record_event(new.caisse, 'application.tried', new.application, jsonb_build_object('opened', false));
        elsif coalesce(setting.incidents, 10) > 0 then
            select count(*) filter (where incident and application = new.application) into failed from (
                select incident, application from attempt
                where caisse = new.caisse and incident is not null and new.application = any (touched)
                  and ended_at > now() - coalesce(setting.incidents_within, interval '10 minutes')
                  and ended_at > coalesce(setting.reopened_at, '-infinity')
                order by ended_at desc limit coalesce(setting.incidents, 10)
            ) last;
            if failed >= coalesce(setting.incidents, 10) then
                insert into application_stop (caisse, application, reason, retry_at)
                values (new.caisse, new.application, format('%s incidents applicatifs de suite.', failed),
                        now() + coalesce(setting.try_after, interval '2 minutes'))
                on conflict do nothing;
                if found then
                    perform record_event(new.caisse, 'application.stopped', new.application,
                        jsonb_build_object('reason', 'incidents', 'incidents', failed));
                end if;
            end if;
        end if;
    end if;
    if not new.incident then
        for opened in
            delete from application_stop
            where caisse = new.caisse and trial = new.session and trial_case = new.case_id and application = any (new.touched)
            returning application
        loop
            perform record_event(new.caisse, 'application.tried', opened, jsonb_build_object('opened', true));
        end loop;
    end if;
    -- it says nothing of the others that it was to try: another case does
    update application_stop set trial_case = null where trial = new.session and trial_case = new.case_id;
    return new;
end
$$;
create trigger watch_application after update on attempt for each row
    when (new.incident is not null and old.incident is null) execute function watch_application();

-- Incidents of before a stop was lifted are forgotten.
create function application_reopened() returns trigger language plpgsql security definer set search_path from current as $$
begin
    insert into application_setting (caisse, application, reopened_at) values (old.caisse, old.application, clock_timestamp())
    on conflict (caisse, application) do update set reopened_at = excluded.reopened_at;
    return old;
end
$$;
create trigger application_reopened after delete on application_stop for each row execute function application_reopened();

create function scenario_stop_event() returns trigger language plpgsql as $$
begin
    perform record_event(new.caisse, case when tg_op = 'INSERT' then 'scenario.stopped' else 'scenario.released' end,
        new.scenario, jsonb_build_object('reason', new.reason));
    return new;
end
$$;
create trigger scenario_stop_event before update on scenario_stop for each row execute function scenario_stop_event();
create trigger scenario_stop_event_made after insert on scenario_stop for each row execute function scenario_stop_event();

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
    if new.state = 'intended' and is_restored(new.caisse) then
        raise exception 'restored: nothing is handed over' using errcode = 'GL008';
    end if;
    perform record_event(new.caisse, 'hand_over.' || new.state, new.effect_key, jsonb_strip_nulls(jsonb_build_object(
        'run', new.run, 'keyword', new.keyword, 'result', new.result, 'by', new.settled_by, 'reason', new.reason)));
    return new;
end
$$;
create trigger hand_over_transition before update on hand_over for each row execute function hand_over_transition();
create trigger hand_over_transition_made after insert on hand_over for each row execute function hand_over_transition();

-- The closing of a run: tried until it is done, then never again.
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
create trigger closing_event before update on closing for each row execute function closing_event();
create trigger closing_event_made after insert on closing for each row execute function closing_event();

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

-- Everybody who runs the house hears of a stop, of a scenario or an application, by the house or by a person.
create function stop_alert() returns trigger language plpgsql as $$
declare
    what constant text := case tg_table_name when 'scenario_stop' then 'scenario' else 'application' end;
    name constant text := to_jsonb(new) ->> what;
begin
    perform raise_alert(new.caisse, what || '_stopped', name,
        case what when 'scenario' then 'Le scénario ' || name || ' est arrêté' else name || ' est arrêtée pour tous les robots' end
        || case when new.stopped_by is null then ' par la maison elle-même' else ' par une personne' end
        || '. Pourquoi : voir la console, page Applications.',
        format('%s_stopped %s %s', what, name, new.stopped_at));
    return new;
end
$$;
create trigger stop_alert after insert on scenario_stop for each row execute function stop_alert();
create trigger stop_alert after insert on application_stop for each row execute function stop_alert();
-- What only a person opens again takes the place of what would have been tried: that is told too.
create trigger stop_alert_instead after update on application_stop for each row
    when (old.retry_at is not null and new.retry_at is null) execute function stop_alert();

-- Of the gaps of an application, once a day.
create function gap_alert() returns trigger language plpgsql as $$
begin
    perform raise_alert(new.caisse, 'gap', new.application, 'Rapprochement de ' || upper(new.application)
        || ' : au moins un écart à expliquer. Voir la console, page Écarts.',
        format('gap %s %s', new.application, (new.opened_at at time zone 'Europe/Paris')::date));
    return new;
end
$$;
create trigger gap_alert after insert on gap for each row execute function gap_alert();

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

-- A restored house is let go by a supervisor, in his own name, once every application in which something was entered was looked
-- at since, from the day of the backup on, and every gap is explained.
create function lift_restoration() returns trigger language plpgsql as $$
declare
    since constant date := (new.backup_at at time zone 'Europe/Paris')::date;
begin
    if tg_op = 'UPDATE' then
        if (new.id, new.caisse, new.backup_at, new.backup, new.restored_at, new.restored_by)
           is distinct from (old.id, old.caisse, old.backup_at, old.backup, old.restored_at, old.restored_by)
           or old.lifted_at is not null then
            raise exception 'what was restored stays written' using errcode = 'GL006';
        end if;
        if current_actor() is distinct from 'agent:' || new.lifted_by or not exists (
            select from account where login = new.lifted_by and caisse = new.caisse and active and role = 'supervisor') then
            raise exception 'a supervisor alone lets robots go on, in his own name' using errcode = 'GL005';
        end if;
        if exists (select from gap where gap.caisse = new.caisse and gap.settled_at is null)
           or exists (select from entry where entry.caisse = new.caisse and not exists (
                select from restoration_look look where look.restoration = new.id and look.application = entry.application
                    and look.looked_at > new.restored_at and look.first <= since
                    and look.last >= (new.restored_at at time zone 'Europe/Paris')::date)) then
            raise exception 'restored: not everything was looked at' using errcode = 'GL009';
        end if;
        new.lifted_at := clock_timestamp();
    end if;
    perform record_event(new.caisse, case when tg_op = 'INSERT' then 'house.restored' else 'house.released' end,
        new.id::text, jsonb_build_object('backup', new.backup, 'backup_at', new.backup_at));
    return new;
end
$$;
create trigger lift_restoration before insert or update on restoration for each row execute function lift_restoration();

create function restoration_look_event() returns trigger language plpgsql as $$
begin
    perform record_event(new.caisse, 'house.looked', new.application, jsonb_strip_nulls(jsonb_build_object(
        'restoration', new.restoration, 'first', new.first, 'last', new.last, 'reason', new.reason)));
    return new;
end
$$;
create trigger restoration_look_event after insert on restoration_look for each row execute function restoration_look_event();

-- What a list read in an application said of money that is still open (advances that were paid and not netted), as of its run;
-- with the case that follows each row. Nothing of a person: numbers, amounts and days.
create table open_amount (
    run uuid not null references run,
    -- of its delivery
    line integer not null,
    caisse text not null,
    -- its own, or the one that an earlier reading opened; null: the row was set aside
    case_id uuid references cases,
    -- the application's own number
    number text not null check (number ~ '^[A-Z]{2,5}(-[A-Z0-9]{1,12}){1,3}$'),
    amount_c bigint not null,
    -- the civil day on which it was paid
    since date not null,
    -- as the application says it, and why the bank sent the money back
    state text not null,
    reject_code text not null,
    primary key (run, line)
);

-- Where each stands now, whatever the list said then; due: for as long as somebody is waited for.
create view open_amount_now as
select open.run, open.line, open.caisse, open.case_id, open.number, open.amount_c, open.since, open.state, open.reject_code,
       case
           when cases.id is null then 'aside'
           when cases.state = 'ended' and cases.ended_as in ('entered', 'already_done', 'done_by_hand') then 'linked'
           when cases.state = 'ended' and cases.ended_as = 'waiting_for_payment' then 'unpaid'
           when cases.state in ('ended', 'rejected', 'cancelled') then 'closed'
           when cases.state = 'exception' then case when open.reject_code = '' then 'person' else 'bank' end
           when cases.state = 'awaiting_approval' then 'approval'
           when cases.waits_for = 'doubt' then 'doubt'
           when cases.state = 'waiting' then 'waiting'
           when exists (select from approval where approval.case_id = cases.id and approval.state = 'approved') then 'approved'
           else 'robot'
       end as stands,
       case when cases.state in ('exception', 'awaiting_approval', 'waiting') then cases.due end as due
from open_amount open
-- its own case by its line, since these lie side by side; an older one, which few have, by its id
left join cases own on own.run = open.run and own.line = open.line
left join lateral (
    select id, state, ended_as, waits_for, due from cases where id = case when own.id is null then open.case_id end offset 0
) older on true
cross join lateral (
    select coalesce(own.id, older.id) as id, coalesce(own.state, older.state) as state,
           coalesce(own.ended_as, older.ended_as) as ended_as, coalesce(own.waits_for, older.waits_for) as waits_for,
           coalesce(own.due, older.due) as due
) cases;

-- What the robot of a scenario asks of a machine.
create function labels_of(in_caisse text, asked text) returns text[] language sql stable security definer as $$
    select coalesce((select labels from robot_labels where caisse = in_caisse and robot = (
        select robot from run where run.caisse = in_caisse and run.scenario = asked order by started_at desc limit 1)), '{}')
$$;

-- May who asks host a session of a scenario? Who does not say its labels (a sweep, a program of before) is not asked for any.
create function may_host(in_caisse text, asked text) returns boolean language sql stable security definer as $$
    select current_setting('glr.labels', true) is null
        or labels_of(in_caisse, asked) <@ string_to_array(current_setting('glr.labels', true), ',')
$$;

-- Cases that may be taken now, and no living runner has the labels that their robot asks for.
create function unhosted(in_caisse text) returns table (scenario text, labels text[], cases bigint)
    language sql stable security definer as $$
    select turn.scenario, needed.labels, count(*)
    from case_turn turn join robot_labels needed on needed.caisse = turn.caisse and needed.robot = turn.robot
    where turn.caisse = in_caisse and needed.labels <> '{}' and not exists (
        select from runner join runner_login allowed on allowed.login = runner.login and allowed.caisse = in_caisse
        where runner.stopped_at is null and runner.leaving_at is null and runner.last_seen > now() - interval '15 seconds'
          and runner.labels @> needed.labels)
    group by turn.scenario, needed.labels order by turn.scenario
$$;

-- What a case has entered, proven, is written on the open cases of its caisse under these keys, of whatever scenario: who waits
-- for a document goes on, who does not wait yet will not. Asked by the session that holds the case, with its end; gives how many
-- waited. Null: it has entered nothing itself.
create function wake_for_filed(by_case uuid, by_session uuid, named text[], keys bytea[]) returns integer
    language plpgsql security definer set search_path from current as $$
declare
    me cases;
    number text;
    told uuid[];
    waited integer;
begin
    select * into me from cases
    where id = by_case and leased_by = by_session and state = 'leased' and lease_until > now() and held_here(by_session)
      and may_speak('session', caisse);
    select string_agg(reference, ' ' order by reference) into number from entry
    where case_id = me.id and state in ('confirmed', 'by_hand');
    if number is null then
        return null;
    end if;
    -- whoever changes one of them now is waited for: what it is then decides
    with said as (
        update cases set filed = jsonb_build_object('by', 'document', 'document', number, 'filed_by', me.reference)
        from unnest(named, keys) as asked (scenario, key_digest)
        where cases.caisse = me.caisse and cases.scenario = asked.scenario and cases.key_digest = asked.key_digest
          and cases.state not in ('ended', 'rejected', 'cancelled')
        returning cases.id
    )
    select array_agg(id) into told from said;
    select count(*) into waited from cases where id = any(told) and (filed is null or exists (
        select 1 from by_hand where case_id = cases.id and waits_for = 'document' and given_back_at is null and read_back_at is null));
    return waited;
end
$$;

-- Rights are in rights.sql, all of them: put in force whenever they, or a migration, are new.
