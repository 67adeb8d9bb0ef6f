-- What those who run the house are told by mail or webhook, written in the transaction of what it tells of, and once for each
-- fingerprint; its sentence is made by us, without a word of a person.
create table alert (
    id uuid primary key default gen_random_uuid(),
    caisse text not null,
    kind text not null check (kind in ('scenario_stopped', 'application_stopped', 'doubt', 'gap', 'reconciliation', 'log', 'backup',
        'not_run', 'test')),
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

-- Tell those who run the house, once: what was told under this fingerprint is not told again.
create function raise_alert(caisse text, kind text, object text, message text, fingerprint text) returns void
language sql as $$
    insert into alert (caisse, kind, object, message, fingerprint)
    values (raise_alert.caisse, raise_alert.kind, raise_alert.object, raise_alert.message, raise_alert.fingerprint)
    on conflict do nothing
$$;

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

grant select, insert on alert to glr_runner, glr_console;
grant select, insert, update on alert_sending to glr_runner;
grant select on alert_sending to glr_console;
grant select, insert on log_day to glr_runner;
grant select on house_backup to glr_runner, glr_console;
