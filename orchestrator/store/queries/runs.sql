-- record_delivery: remember a delivery by its digest; touches no row when it was seen before
insert into delivery (id, caisse, scenario, file_name, sha256, rows)
values (%(id)s, %(caisse)s, %(scenario)s, %(file_name)s, %(sha256)s, %(rows)s)
on conflict (caisse, scenario, sha256) do nothing

-- same_delivery: the first delivery with this digest, and its run
select delivery.file_name, delivery.received_at, run.id as run,
       exists (
           select 1 from cases where cases.run = run.id and state in ('ready', 'waiting', 'leased')
       ) as unfinished
from delivery join run on run.delivery = delivery.id
where delivery.caisse = %(caisse)s and delivery.scenario = %(scenario)s and delivery.sha256 = %(sha256)s

-- start: one launch of a scenario on one delivery
insert into run (id, caisse, scenario, title, version, delivery, robot, mode, run_date)
values (%(id)s, %(caisse)s, %(scenario)s, %(title)s, %(version)s, %(delivery)s, %(robot)s, %(mode)s, %(run_date)s)

-- set_aside: rows that did not become cases
insert into row_set_aside (delivery, caisse, line, code, reason, open_case)
select %(delivery)s, %(caisse)s, line, code, reason, open_case
from unnest(%(line)b::integer[], %(code)b::text[], %(reason)b::text[], %(open_case)b::uuid[]) as row (line, code, reason, open_case)

-- one: a run by its id
select run.id, caisse, scenario, title, version, robot, mode, run_date, started_at from run where id = %(id)s

-- progress: how far a run is, by state and end
select state::text as state, ended_as, count(*) as cases from cases where run = %(run)s group by state, ended_as

-- rows_of: how many rows a run's delivery has, and how many were set aside
select delivery.rows, (select count(*) from row_set_aside where row_set_aside.delivery = delivery.id) as set_aside
from run join delivery on delivery.id = run.delivery where run.id = %(run)s

-- results: one line per row of the delivery, for the summary and the comparison with the oracle; what is the case's own,
-- and not that of one of its rows, stands on its first line
select place.line, cases.reference, cases.state::text as state, cases.ended_as, cases.waits_for,
       coalesce(entry.amount_c, approval.amount_c, case when place.line = cases.line then item.amount_c end) as amount_c,
       entry.reference as entry_reference,
       item.cause, item.code, item.failed,
       exists (select 1 from doubt_to_settle where doubt_to_settle.case_id = cases.id) as doubtful
from cases
cross join lateral unnest(coalesce(cases.lines, array[cases.line])) as place (line)
left join lateral (
    select sum(amount_c)::bigint as amount_c, string_agg(reference, ', ' order by settled_at, id) as reference from entry
    where entry.case_id = cases.id and entry.state not in ('planned', 'undone') and entry.undoes is null
      and coalesce(entry.line, cases.line) = place.line
) entry on true
left join lateral (
    select sum(approval.amount_c)::bigint as amount_c from approval join entry asked on asked.id = approval.entry
    where approval.case_id = cases.id and approval.state = 'asked' and coalesce(asked.line, cases.line) = place.line
) approval on true
left join lateral (
    select cause, code, failed, amount_c from exception_item where exception_item.case_id = cases.id and closed_at is null
) item on true
where cases.run = %(run)s
union all
select row_set_aside.line, null, 'set_aside', null, null, null, null, null, row_set_aside.code, null, false
from row_set_aside join run on run.delivery = row_set_aside.delivery where run.id = %(run)s
order by 1

-- recent: the last runs, newest first
select run.id, run.scenario, run.title, run.mode, run.run_date, run.started_at, delivery.file_name, delivery.rows
from run join delivery on delivery.id = run.delivery
where run.caisse = %(caisse)s order by run.started_at desc, run.id limit %(limit)s

-- days: the first and last run date of a scenario
select min(run_date) as first, max(run_date) as last from run where caisse = %(caisse)s and scenario = %(scenario)s

-- about: what a bordereau says of its run
select run.id, run.scenario, run.title, run.version, run.robot, run.mode, run.run_date,
       delivery.file_name as delivery, delivery.sha256 as delivery_sha256, delivery.rows as delivery_rows,
       array(
           select distinct library from scenario_version asked, unnest(asked.outside) library
           where asked.hash = run.version or asked.hash in (select begun_under from cases where cases.run = run.id)
           order by library
       ) as outside
from run join delivery on delivery.id = run.delivery where run.id = %(run)s

-- claim_occurrence: a due instant belongs to whoever writes it first
insert into schedule_occurrence (caisse, scenario, occurrence, due, fired_by, launched_at, held_until)
values (%(caisse)s, %(scenario)s, %(occurrence)s, %(due)s, %(fired_by)s, null, now() + %(held)s) on conflict do nothing

-- hold_occurrence: who launches a start gives a sign of life; false once another has taken it over
update schedule_occurrence set held_until = now() + %(held)s
where caisse = %(caisse)s and scenario = %(scenario)s and occurrence = %(occurrence)s and fired_by = %(fired_by)s
  and launched_at is null

-- end_occurrence: a start is launched
update schedule_occurrence set launched_at = now()
where caisse = %(caisse)s and scenario = %(scenario)s and occurrence = %(occurrence)s and fired_by = %(fired_by)s
  and launched_at is null

-- adopt_occurrences: take over starts that nobody launches any more, of these scenarios and not too long ago
update schedule_occurrence set fired_by = %(fired_by)s, held_until = now() + %(held)s
where (caisse, scenario, occurrence) in (
    select caisse, scenario, occurrence from schedule_occurrence
    where caisse = %(caisse)s and scenario = any (%(scenarios)s::text[]) and due > %(since)s
      and launched_at is null and held_until < now()
    for update skip locked
)
returning scenario, occurrence, due

-- latest_occurrence: the last start of a scenario
select due from schedule_occurrence where caisse = %(caisse)s and scenario = %(scenario)s order by due desc limit 1

-- by_beginning: the runs of a caisse whose id begins like this
select id, scenario from run where caisse = %(caisse)s and id::text like %(beginning)s || '%%' order by started_at limit 2

-- sources: the deliveries of live runs between two days, and what became of their rows
select run.id as run, run.run_date, delivery.file_name, delivery.sha256, delivery.rows,
       (select count(*) from row_set_aside where row_set_aside.delivery = delivery.id) as set_aside,
       stand.in_cases, stand.entered, stand.open
from run
join delivery on delivery.id = run.delivery
cross join lateral (
    select coalesce(sum(cardinality(coalesce(lines, array[line]))), 0)::bigint as in_cases,
           count(*) filter (where ended_as in ('entered', 'done_by_hand')) as entered,
           count(*) filter (where state not in ('ended', 'rejected', 'cancelled')) as open
    from cases where cases.run = run.id
) stand
where run.caisse = %(caisse)s and run.robot = %(robot)s and run.mode = 'live'
  and run.run_date between %(first)s and %(last)s
order by run.run_date, run.started_at, run.id

-- unproven: cases of those runs that ended as entered without an entry that stands
select cases.reference from run join cases on cases.run = run.id
where run.caisse = %(caisse)s and run.robot = %(robot)s and run.mode = 'live'
  and run.run_date between %(first)s and %(last)s and cases.ended_as in ('entered', 'done_by_hand')
  and not exists (select from entry where entry.case_id = cases.id and entry.undoes is null
                  and entry.state in ('confirmed', 'by_hand'))
order by cases.reference
