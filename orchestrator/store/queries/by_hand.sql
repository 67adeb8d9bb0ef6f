-- to_take: one page of the cases that people may take while an application is stopped, in the order of the robots
select cases.id, cases.id as case_id, cases.reference, cases.scenario, cases.priority, cases.due, cases.created_at, cases.line,
       cases.attempts, cases.version, cases.data_key, cases.payload, run.title as run_title, run.run_date
from case_to_take free join cases on cases.id = free.id join run on run.id = cases.run
where free.caisse = %(caisse)s and free.scenario = any (%(scenarios)s::text[])
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
  and (-cases.priority, coalesce(cases.due, date '9999-12-31'), cases.created_at, cases.line, cases.id)
      > (%(after_rank)s::integer, %(after_due)s::date, %(after_at)s::timestamptz, %(after_line)s::integer, %(after_id)s::uuid)
order by -cases.priority, coalesce(cases.due, date '9999-12-31'), cases.created_at, cases.line, cases.id
limit %(limit)s

-- lock_to_take: one of them, the first after those that cannot be taken, kept until the end of the transaction
select cases.id, cases.id as case_id, cases.reference, cases.scenario, cases.version, cases.attempts, cases.data_key,
       cases.payload, cases.findings, run.run_date
from case_to_take free join cases on cases.id = free.id join run on run.id = cases.run
where free.caisse = %(caisse)s and free.scenario = any (%(scenarios)s::text[])
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
  and cases.state in ('ready', 'waiting') and (%(reference)s::text is null or cases.reference = %(reference)s)
  and cases.id <> all (%(without)s::uuid[])
order by -cases.priority, coalesce(cases.due, date '9999-12-31'), cases.created_at, cases.line, cases.id
limit 1 for update of cases skip locked

-- plan: remember the effect that a case taken by a person would have, once in the whole database
insert into entry (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id)
values (%(id)s, %(caisse)s, %(effect_digest)s, %(scenario)s, %(application)s, %(keyword)s, %(payment)s, %(token)s,
        %(case_id)s)
on conflict (effect_digest) do nothing

-- reserve: an effect that is only planned passes to the case of a person, unless another open case plans it
update entry set case_id = %(case_id)s
where effect_digest = %(effect_digest)s and state = 'planned'
  and (case_id = %(case_id)s or not exists (
      select 1 from cases other
      where other.id = entry.case_id and other.state not in ('ended', 'rejected', 'cancelled')))

-- known_effect: why an effect cannot be reserved
select entry.state::text as state, entry.reference, cases.reference as case_reference
from entry left join cases on cases.id = entry.case_id where entry.effect_digest = %(effect_digest)s

-- take: a person takes a case from the robots; the trigger refuses it while the application is open to them
insert into by_hand (case_id, caisse, application, taken_by)
values (%(case_id)s, %(caisse)s, %(application)s, %(login)s)

-- leave_robots: the case is no longer one that a robot may claim
update cases set state = 'exception', wait_until = null, instruction = null
where id = %(case_id)s and caisse = %(caisse)s and version = %(version)s and state in ('ready', 'waiting')

-- open: it is on the list of its taker, and of whoever goes on after; what was sensitive stays so
insert into exception_item (id, caisse, case_id, scenario, cause, code, message, queue, restricted, attempt, amount_c)
select %(id)s, %(caisse)s, cases.id, cases.scenario, 'application', %(code)s, %(message)s,
       coalesce(old.queue, %(queue)s), old.queue is not null, cases.attempts, %(amount_c)s
from cases
left join lateral (
    select queue from exception_item where case_id = cases.id and restricted order by opened_at desc limit 1
) old on true
where cases.id = %(case_id)s

-- declare: a person says what was entered; it is proven by a read-back alone
update by_hand set reference = %(reference)s, amount_c = %(amount_c)s, declared_by = %(login)s, declared_at = now()
where case_id = %(case_id)s and caisse = %(caisse)s and given_back_at is null and read_back_at is null

-- give_back: nothing was entered, the robots may have it again; touches no row while a number stands
update by_hand set given_back_by = %(login)s, given_back_at = now()
where case_id = %(case_id)s and caisse = %(caisse)s and given_back_at is null and read_back_at is null
  and reference is null

-- not_found: a robot has looked, and the number is not there: nothing stands any more
update by_hand set reference = null, amount_c = null, declared_by = null, declared_at = null
where case_id = %(case_id)s and given_back_at is null and read_back_at is null

-- held: who works a case by hand, and what that person says was entered
select by_hand.application, by_hand.taken_by, by_hand.taken_at, by_hand.reference, by_hand.amount_c, by_hand.declared_at,
       coalesce(account.display_name, by_hand.declared_by) as declared_by
from by_hand left join account on account.login = by_hand.declared_by
where by_hand.case_id = %(case_id)s and by_hand.given_back_at is null and by_hand.read_back_at is null

-- taken: one page of the cases that people took, newest first
select by_hand.case_id, by_hand.case_id as id, by_hand.application, by_hand.taken_by, by_hand.taken_at, by_hand.reference,
       by_hand.amount_c, by_hand.declared_at, by_hand.given_back_at, by_hand.read_back_at, cases.state::text as state,
       cases.reference as case_reference, cases.scenario, cases.due, cases.data_key, cases.payload, run.run_date,
       item.id as item, coalesce(item.claimed_until >= now(), false) as claim_alive, item.code,
       coalesce(claimer.display_name, item.claimed_by) as claimer,
       coalesce(taker.display_name, by_hand.taken_by) as taker,
       coalesce(declarer.display_name, by_hand.declared_by) as declarer
from by_hand
join cases on cases.id = by_hand.case_id
join run on run.id = cases.run
left join exception_item item on item.case_id = cases.id and item.closed_at is null
left join account claimer on claimer.login = item.claimed_by
left join account taker on taker.login = by_hand.taken_by
left join account declarer on declarer.login = by_hand.declared_by
where by_hand.caisse = %(caisse)s and by_hand.application = %(application)s
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
  and case %(view)s::text
        when 'en-cours' then by_hand.given_back_at is null and by_hand.read_back_at is null and cases.state = 'exception'
        when 'a-relire' then by_hand.read_back_at is null and by_hand.reference is not null and cases.state <> 'exception'
        else by_hand.read_back_at is not null
      end
  and (by_hand.taken_at, by_hand.case_id) < (%(before_at)s::timestamptz, %(before_id)s::uuid)
order by by_hand.taken_at desc, by_hand.case_id desc
limit %(limit)s

-- applications: the applications that are stopped, or whose cases people still hold
select application, bool_or(stopped) as stopped from (
    select application, true as stopped from application_stop where caisse = %(caisse)s
    union all
    select application, false from by_hand
    where caisse = %(caisse)s and given_back_at is null and read_back_at is null
) known group by application order by application

-- figures: how many cases may be taken, are with people, wait to be read back, were read back (capped)
select (select count(*) from (
            select 1 from case_to_take free
            where free.caisse = %(caisse)s and free.scenario = any (%(scenarios)s::text[])
              and (%(restricted)s or not exists (
                  select 1 from exception_item where exception_item.case_id = free.id and exception_item.restricted))
            limit 1001) counted) as "a-prendre",
       count(*) filter (where hand.read_back_at is null and hand.state = 'exception') as "en-cours",
       count(*) filter (where hand.read_back_at is null and hand.reference is not null and hand.state <> 'exception')
           as "a-relire",
       count(*) filter (where hand.read_back_at is not null) as relues
from (
    select by_hand.read_back_at, by_hand.reference, cases.state
    from by_hand join cases on cases.id = by_hand.case_id
    where by_hand.caisse = %(caisse)s and by_hand.application = %(application)s and by_hand.given_back_at is null
      and (%(restricted)s or not exists (
          select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
    order by by_hand.taken_at desc limit 1001
) hand
