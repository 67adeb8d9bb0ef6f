-- doubts: entries in doubt that a person is shown, with the row of the delivery that they come from
select item.id, cases.line, delivery.file_name, entry.state::text as state
from exception_item item
join cases on cases.id = item.case_id join run on run.id = cases.run join delivery on delivery.id = run.delivery
left join entry on entry.case_id = cases.id and entry.state = 'doubtful'
where item.closed_at is null and item.claimed_by is null and item.cause = 'doubt'
  and item.opened_at < now() - make_interval(secs => %(grace)s)

-- approvals: what waits for a second person
select id from approval where state = 'asked'

-- moving: cases that robots still work
select count(*) as cases from cases where state in ('ready', 'leased', 'waiting')

-- busy: those of them that do not wait for another day
select count(*) as cases from cases
where state in ('ready', 'leased') or state = 'waiting' and waits_for is distinct from 'date'

-- retry_now: cases that wait for a time are ready at once, so that a campaign need not wait for the longest delays
update cases set wait_until = now() where state = 'waiting' and coalesce(waits_for, 'date') = 'date' and wait_until > now()

-- cut_off: as owner: everybody else's connection ends
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()

-- lose: as owner: what was there is no more
drop schema if exists glr, queue cascade
