-- to_take: one page of the cases that people may take while an application is stopped, in the order of the robots
select cases.id, cases.id as case_id, cases.reference, cases.scenario, cases.state::text as state, cases.priority, cases.due,
       cases.created_at, cases.line, cases.attempts, cases.version, cases.data_key, cases.payload, cases.waits_for,
       cases.wait_until, run.title as run_title, run.run_date
from case_to_take free join cases on cases.id = free.id join run on run.id = cases.run
where free.caisse = %(caisse)s and free.scenario = any (%(scenarios)s::text[]) and free.waits = %(waits)s
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
  and (-cases.priority, coalesce(cases.due, date '9999-12-31'), cases.created_at, cases.line, cases.id)
      > (%(after_rank)s::integer, %(after_due)s::date, %(after_at)s::timestamptz, %(after_line)s::integer, %(after_id)s::uuid)
order by -cases.priority, coalesce(cases.due, date '9999-12-31'), cases.created_at, cases.line, cases.id
limit %(limit)s

-- lock_to_take: one of them, kept until the end of the transaction; one that waits for somebody or a date only by its reference
select cases.id, cases.id as case_id, cases.reference, cases.scenario, cases.state::text as state, cases.version,
       cases.attempts, cases.data_key, cases.payload, cases.findings, cases.waits_for, cases.wait_until, run.run_date
from case_to_take free join cases on cases.id = free.id join run on run.id = cases.run
where free.caisse = %(caisse)s and free.scenario = any (%(scenarios)s::text[])
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
  and cases.state in ('ready', 'waiting', 'awaiting_approval')
  and case when %(reference)s::text is null then not free.waits else cases.reference = %(reference)s end
  and cases.id <> all (%(without)s::uuid[])
order by -cases.priority, coalesce(cases.due, date '9999-12-31'), cases.created_at, cases.line, cases.id
limit 1 for update of cases skip locked

-- lock_approvals: what a second person is asked about a case, but what somebody decides at this moment
select id from approval where case_id = %(case_id)s and state = 'asked' for update skip locked

-- plan: remember the effect that a case taken by a person would have, once in the whole database
insert into entry (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id, line)
values (%(id)s, %(caisse)s, %(effect_digest)s, %(scenario)s, %(application)s, %(keyword)s, %(payment)s, %(token)s,
        %(case_id)s, %(line)s)
on conflict (effect_digest, ordinal) do nothing

-- reserve: an effect that is only planned passes to the case of a person, unless another open case plans it
update entry set case_id = %(case_id)s, line = %(line)s
where effect_digest = %(effect_digest)s and state = 'planned' and not decision_lapsed(entry)
  and (case_id = %(case_id)s or not exists (
      select 1 from cases other
      where other.id = entry.case_id and other.state not in ('ended', 'rejected', 'cancelled')))
returning id

-- known_effect: why an effect cannot be reserved
select entry.state::text as state, entry.reference, cases.reference as case_reference
from entry left join cases on cases.id = entry.case_id where entry.effect_digest = %(effect_digest)s order by entry.ordinal desc

-- take: a person takes a case from the robots, out of its wait if it waits; the trigger refuses it while the application is open
insert into by_hand (case_id, caisse, application, taken_by, waits_for, wait_until)
select id, caisse, %(application)s, %(login)s, waits_for, wait_until from cases
where id = %(case_id)s and caisse = %(caisse)s

-- line: an entry of which the person will have to say something
insert into by_hand_entry (case_id, taken_at, entry, caisse, place, title, has_amount, computed_c)
select case_id, taken_at, %(entry)s, caisse, %(place)s, %(title)s, %(has_amount)s, %(computed_c)s
from by_hand where case_id = %(case_id)s and given_back_at is null and read_back_at is null

-- leave_robots: the case is no longer one that a robot may claim
update cases set state = 'exception', wait_until = null, instruction = null
where id = %(case_id)s and caisse = %(caisse)s and version = %(version)s
  and state in ('ready', 'waiting', 'awaiting_approval')

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
update by_hand_entry line set
    reference = %(reference)s, amount_c = %(amount_c)s, declared_by = %(login)s, declared_at = now(),
    left_by = null, left_at = null, not_due_by = null, not_due_at = null
from by_hand held
where line.entry = %(entry)s and line.case_id = %(case_id)s and line.read_back_at is null
  and held.case_id = line.case_id and held.taken_at = line.taken_at and held.caisse = %(caisse)s
  and held.given_back_at is null and held.read_back_at is null

-- leave: a person says that an entry was not made: the robots may have it again, and look first
update by_hand_entry line set left_by = %(login)s, left_at = now(), not_due_by = null, not_due_at = null
from by_hand held
where line.entry = %(entry)s and line.case_id = %(case_id)s and line.reference is null
  and held.case_id = line.case_id and held.taken_at = line.taken_at and held.caisse = %(caisse)s
  and held.given_back_at is null and held.read_back_at is null

-- not_due: a person says that an entry of the case is not to be made at all
update by_hand_entry line set not_due_by = %(login)s, not_due_at = now(), left_by = null, left_at = null
from by_hand held
where line.entry = %(entry)s and line.case_id = %(case_id)s and line.reference is null
  and held.case_id = line.case_id and held.taken_at = line.taken_at and held.caisse = %(caisse)s
  and held.given_back_at is null and held.read_back_at is null

-- keep: a person takes back what was said of an entry that was not declared: it is still to be made, or not, by hand
update by_hand_entry line set left_by = null, left_at = null, not_due_by = null, not_due_at = null
from by_hand held
where line.entry = %(entry)s and line.case_id = %(case_id)s and line.reference is null
  and held.case_id = line.case_id and held.taken_at = line.taken_at and held.caisse = %(caisse)s
  and held.given_back_at is null and held.read_back_at is null

-- leave_rest: all that is not declared is left to the robots; what is not to be made stays so beside an entry that is proven
update by_hand_entry line set left_by = %(login)s, left_at = now(), not_due_by = null, not_due_at = null
from by_hand held
where line.case_id = %(case_id)s and line.reference is null and line.left_at is null
  and held.case_id = line.case_id and held.taken_at = line.taken_at and held.caisse = %(caisse)s
  and held.given_back_at is null and held.read_back_at is null
  and (line.not_due_at is null or not exists (
      select 1 from by_hand_entry made
      where made.case_id = line.case_id and made.taken_at = line.taken_at and made.read_back_at is not null))

-- give_back: nothing more was entered, the robots may have it again; the trigger refuses it while a number stands
update by_hand set given_back_by = %(login)s, given_back_at = now()
where case_id = %(case_id)s and caisse = %(caisse)s and given_back_at is null and read_back_at is null
returning waits_for, wait_until, document_at

-- document_came: the document that a case waited for is there, while a person has the case
update by_hand set document_at = now()
from cases
where cases.id = by_hand.case_id and cases.caisse = %(caisse)s and cases.scenario = %(scenario)s
  and cases.key_digest = %(key_digest)s and by_hand.waits_for = 'document' and by_hand.document_at is null
  and by_hand.given_back_at is null and by_hand.read_back_at is null
returning cases.reference

-- not_found: a robot has looked, and the number is not there: nothing stands any more
update by_hand_entry line set reference = null, amount_c = null, declared_by = null, declared_at = null
from by_hand held
where line.entry = %(entry)s and line.case_id = %(case_id)s and line.read_back_at is null and line.reference is not null
  and held.case_id = line.case_id and held.taken_at = line.taken_at
  and held.given_back_at is null and held.read_back_at is null

-- held: who works a case by hand, and each of its entries with what that person says of it
select by_hand.application, by_hand.taken_by, by_hand.taken_at, by_hand.waits_for, by_hand.wait_until, by_hand.document_at,
       line.entry, line.title, line.has_amount, line.computed_c, line.reference, line.amount_c, line.declared_by,
       line.declared_at, line.left_at, line.not_due_at, line.read_back_at, entry.effect_digest,
       entry.application as line_application, coalesce(account.display_name, line.declared_by) as declarer
from by_hand
join by_hand_entry line on line.case_id = by_hand.case_id and line.taken_at = by_hand.taken_at
join entry on entry.id = line.entry
left join account on account.login = line.declared_by
where by_hand.case_id = %(case_id)s and by_hand.given_back_at is null and by_hand.read_back_at is null
order by line.place

-- to_read_back: the same for a robot, which knows no accounts
select line.entry, line.title, line.reference, line.amount_c, line.declared_by, line.left_at, line.not_due_at,
       line.read_back_at, entry.effect_digest, by_hand.waits_for, by_hand.wait_until, by_hand.document_at
from by_hand
join by_hand_entry line on line.case_id = by_hand.case_id and line.taken_at = by_hand.taken_at
join entry on entry.id = line.entry
where by_hand.case_id = %(case_id)s and by_hand.given_back_at is null and by_hand.read_back_at is null
order by line.place

-- taken: one page of the cases that people took, newest first, each with what was said of its entries
select by_hand.case_id, by_hand.case_id as id, by_hand.application, by_hand.taken_by, by_hand.taken_at,
       by_hand.given_back_at, by_hand.read_back_at, cases.state::text as state,
       cases.reference as case_reference, cases.scenario, cases.due, cases.data_key, cases.payload, run.run_date,
       item.id as item, coalesce(item.claimed_until >= now(), false) as claim_alive, item.code,
       coalesce(claimer.display_name, item.claimed_by) as claimer,
       coalesce(taker.display_name, by_hand.taken_by) as taker,
       said.lines
from by_hand
join cases on cases.id = by_hand.case_id
join run on run.id = cases.run
join lateral (
    select json_agg(json_build_object('title', line.title, 'reference', line.reference, 'amount_c', line.amount_c,
               'declarer', coalesce(account.display_name, line.declared_by), 'declared_at', line.declared_at,
               'left', line.left_at is not null, 'not_due', line.not_due_at is not null, 'read_back_at', line.read_back_at)
               order by line.place) as lines,
           bool_or(line.read_back_at is not null) as proven
    from by_hand_entry line left join account on account.login = line.declared_by
    where line.case_id = by_hand.case_id and line.taken_at = by_hand.taken_at
) said on true
left join exception_item item on item.case_id = cases.id and item.closed_at is null
left join account claimer on claimer.login = item.claimed_by
left join account taker on taker.login = by_hand.taken_by
where by_hand.caisse = %(caisse)s and by_hand.application = %(application)s
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
  and case %(view)s::text
        when 'relues' then (by_hand.read_back_at is not null or by_hand.given_back_at is not null) and said.proven
        else by_hand.given_back_at is null and by_hand.read_back_at is null
             and (cases.state = 'exception') = (%(view)s::text = 'en-cours')
      end
  and (by_hand.taken_at, by_hand.case_id) < (%(before_at)s::timestamptz, %(before_id)s::uuid)
order by by_hand.taken_at desc, by_hand.case_id desc
limit %(limit)s

-- applications: the applications that are stopped, or whose cases people still hold or took during the last week
select application, bool_or(stopped) as stopped from (
    select application, true as stopped from application_stop where caisse = %(caisse)s
    union all
    select application, false from by_hand
    where caisse = %(caisse)s and (taken_at > now() - interval '7 days' or given_back_at is null and read_back_at is null)
) known group by application order by application

-- figures: how many cases may be taken, wait, are with people, wait to be read back, were read back (capped)
select free.ready as "a-prendre", free.waits as "en-attente",
       count(*) filter (where hand.held and hand.state = 'exception') as "en-cours",
       count(*) filter (where hand.held and hand.state <> 'exception') as "a-relire",
       count(*) filter (where not hand.held) as relues
from (
    select max(found.cases) filter (where not kind.waits) as ready, max(found.cases) filter (where kind.waits) as waits
    from (values (false), (true)) kind (waits)
    cross join lateral (
        select count(*) as cases from (
            select 1 from case_to_take free
            where free.caisse = %(caisse)s and free.scenario = any (%(scenarios)s::text[]) and free.waits = kind.waits
              and (%(restricted)s or not exists (
                  select 1 from exception_item where exception_item.case_id = free.id and exception_item.restricted))
            limit 1001) counted
    ) found
) free
left join (
    select by_hand.given_back_at is null and by_hand.read_back_at is null as held, cases.state
    from by_hand join cases on cases.id = by_hand.case_id
    where by_hand.caisse = %(caisse)s and by_hand.application = %(application)s
      and (by_hand.given_back_at is null and by_hand.read_back_at is null or exists (
          select 1 from by_hand_entry line where line.case_id = by_hand.case_id and line.taken_at = by_hand.taken_at
            and line.read_back_at is not null))
      and (%(restricted)s or not exists (
          select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
    order by by_hand.taken_at desc limit 1001
) hand on true
group by free.ready, free.waits
