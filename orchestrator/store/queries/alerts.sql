-- raise: tell those who run the house, once for each fingerprint
select raise_alert(%(caisse)s, %(kind)s, %(object)s, %(message)s, %(fingerprint)s)

-- take: an alert that a channel has not been sent yet, for whoever takes it first, as long as that one gives signs of life
insert into alert_sending (alert, channel, tries, next_try_at)
select alert.id, %(channel)s, 1, now() + %(held)s
from alert left join alert_sending sending on sending.alert = alert.id and sending.channel = %(channel)s
where alert.caisse = %(caisse)s and alert.raised_at > now() - interval '3 days'
  and (sending.alert is null or sending.sent_at is null and sending.next_try_at <= now())
order by alert.raised_at, alert.id limit 1
on conflict (alert, channel) do update
set tries = alert_sending.tries + 1, next_try_at = excluded.next_try_at
where alert_sending.sent_at is null and alert_sending.next_try_at <= now()
returning alert, tries,
    (select row_to_json(one) from alert one where one.id = alert_sending.alert) as about

-- sent: a channel has taken an alert
update alert_sending set sent_at = now(), failure = null where alert = %(alert)s and channel = %(channel)s and sent_at is null

-- hold: a sign of life of who sends it: nobody else does
update alert_sending set next_try_at = now() + %(held)s
where alert = %(alert)s and channel = %(channel)s and tries = %(tries)s and sent_at is null

-- not_sent: why a channel has not taken it; tried again later, less and less often
update alert_sending
set failure = %(failure)s, next_try_at = now() + least(interval '1 hour', interval '1 minute' * 2 ^ least(tries - 1, 6))
where alert = %(alert)s and channel = %(channel)s and tries = %(tries)s and sent_at is null

-- one: whether an alert was sent, by channel
select channel, sent_at, failure from alert_sending where alert = %(alert)s order by channel

-- by_fingerprint: an alert
select id from alert where caisse = %(caisse)s and fingerprint = %(fingerprint)s

-- old_doubts: entries in doubt for longer than people were given to settle them
select entry.id, entry.token, entry.application, cases.reference, cases.state in ('rejected', 'cancelled') as let_go
from entry join cases on cases.id = entry.case_id
left join lateral (select look_at from doubt where doubt.entry = entry.id order by n desc limit 1) last on true
left join lateral (select intent_at from entry_attempt where entry_attempt.entry = entry.id order by n desc limit 1) attempt on true
where entry.caisse = %(caisse)s and entry.state in ('intent', 'doubtful')
  and coalesce(last.look_at, attempt.intent_at) < now() - %(after)s::interval
order by entry.planned_at, entry.id limit 100

-- backup: when the last backup was made; before the first, since when there is something to lose
select coalesce((select made_at from house_backup where caisse = %(caisse)s),
                (select min(started_at) from run where caisse = %(caisse)s)) < now() - %(after)s::interval as late

-- backed_up: as owner: a backup was made
insert into house_backup (caisse, made_at) values (%(caisse)s, now())
on conflict (caisse) do update set made_at = excluded.made_at

-- run_since: was there a run of a scenario since an instant
select exists (select from run where caisse = %(caisse)s and scenario = %(scenario)s and started_at >= %(since)s) as found

-- days: what the days of the log were when they were looked at
select day, lines, root from log_day where caisse = %(caisse)s

-- see_day: remember what a day of the log is
insert into log_day (caisse, day, lines, root) values (%(caisse)s, %(day)s, %(lines)s, %(root)s) on conflict do nothing
