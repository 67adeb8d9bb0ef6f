-- write: what a list says of money that is still open, with the case that follows each row
insert into open_amount (run, line, caisse, case_id, number, amount_c, since, state, reject_code)
select %(run)s, row.line, %(caisse)s, coalesce(own.id, aside.open_case), row.number, row.amount_c, row.since, row.state,
       row.reject_code
from unnest(%(line)b::integer[], %(number)b::text[], %(amount_c)b::bigint[], %(since)b::date[], %(state)b::text[],
            %(reject_code)b::text[]) as row (line, number, amount_c, since, state, reject_code)
left join (
    select id, unnest(coalesce(lines, array[line])) as line from cases where run = %(run)s
) own on own.line = row.line
left join row_set_aside aside on aside.delivery = (select delivery from run where id = %(run)s) and aside.line = row.line

-- reading: the last list that a scenario read, and the last start that was due since; one row, whatever there is
select last.id as run, last.run_date, last.rows, last.received_at, missed.due as missed, missed.launched_at
from (select) one
left join lateral (
    select run.id, run.run_date, delivery.rows, delivery.received_at from run join delivery on delivery.id = run.delivery
    where run.caisse = %(caisse)s and run.scenario = %(scenario)s
    order by run.started_at desc limit 1
) last on true
left join lateral (
    select due, launched_at from schedule_occurrence
    where caisse = %(caisse)s and scenario = %(scenario)s order by due desc limit 1
) missed on last.received_at is null or missed.due > last.received_at

-- totals: how many, and how much, by where they stand and by their age in civil days
select stands, (today - since > 30)::integer + (today - since > 60)::integer + (today - since > 90)::integer
       + (today - since > 365)::integer as band, count(*) as advances, sum(amount_c)::bigint as amount_c
from open_amount_now, (select %(today)s::date as today) said
where run = %(run)s and caisse = %(caisse)s
group by 1, 2 order by 1, 2

-- page: one page of a reading, in the order that was asked for; of a case that is restricted, money and state alone
select found.line, found.number, found.amount_c, found.since, found.state, found.reject_code, found.stands, found.rank, found.due,
       found.case_id, cases.reference, cases.scenario, cases.data_key, cases.payload, cases.wait_until, item.code, item.queue,
       item.restricted is true and not %(restricted)s as hidden,
       case when found.stands = 'linked' then cases.changed_at end as linked_at
-- the page first: only its cases are looked at
from (
    select * from (
        select now.*, case %(sort)s::text when 'montant' then -amount_c
                                          when 'echeance' then coalesce(due, date '9999-12-31') - date '1970-01-01'
                                          else since - date '1970-01-01' end as rank
        from open_amount_now now
        where run = %(run)s and caisse = %(caisse)s and (%(stands)s::text = '' or stands = %(stands)s)
    ) ranked
    where (rank, line) > (%(after_number)s::bigint, %(after_line)s::integer)
    order by rank, line
    limit %(limit)s
) found
left join cases on cases.id = found.case_id
left join lateral (
    select code, queue, restricted from exception_item
    where exception_item.case_id = found.case_id order by closed_at desc nulls first limit 1
) item on true
order by found.rank, found.line
