-- expand: the console shows the advances of the last reading; an older program writes and reads none of them.
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
