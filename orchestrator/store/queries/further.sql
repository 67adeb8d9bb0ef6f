-- of_case: the entries that were made for a case, each with the decision that it is due once more, and what came of that
select entry.id, entry.state::text as state, entry.application, entry.reference, entry.amount_c, entry.line, entry.payment,
       entry.ordinal, entry.effect_digest, further.id as further, further.state as decision, further.reason, further.asked_by,
       coalesce(asker.display_name, further.asked_by) as asker, further.asked_at,
       coalesce(decider.display_name, further.decided_by) as decider, further.decided_at,
       later.state::text as later_state, later_case.reference as later_case,
       later.id is null and further.id is null and cases.state in ('ended', 'rejected', 'cancelled', 'exception') as may_be_asked
from entry
join cases on cases.id = entry.case_id
left join further_entry further on further.entry = entry.id and further.state <> 'refused'
left join account asker on asker.login = further.asked_by
left join account decider on decider.login = further.decided_by
left join entry later on later.effect_digest = entry.effect_digest and later.ordinal = entry.ordinal + 1
left join cases later_case on later_case.id = later.case_id
where entry.case_id = %(case_id)s and entry.caisse = %(caisse)s and entry.undoes is null
  and entry.state in ('confirmed', 'by_hand', 'undone')
order by entry.planned_at, entry.line, entry.id

-- ask: a person says that an entry of a case is due once more; the trigger refuses what was not made
insert into further_entry (id, caisse, entry, reason, asked_by, state)
select %(id)s, entry.caisse, entry.id, %(reason)s, %(login)s, case when entry.payment then 'asked' else 'agreed' end
from entry where entry.id = %(entry)s and entry.case_id = %(case_id)s and entry.caisse = %(caisse)s
on conflict (entry) where state <> 'refused' do nothing
returning state

-- decide: another person agrees, or does not
update further_entry set state = %(state)s, decided_by = %(login)s
where id = %(id)s and caisse = %(caisse)s and state = 'asked' and asked_by <> %(login)s
  and entry in (select entry.id from entry where entry.case_id = %(case_id)s)

-- effect: what the next entry is made from
select made.effect_digest, made.ordinal + 1 as ordinal from further_entry further join entry made on made.id = further.entry
where further.id = %(id)s and further.state = 'agreed'

-- plan: the next entry of an effect, agreed to
insert into entry (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id, line, ordinal)
select %(id)s, made.caisse, made.effect_digest, made.scenario, made.application, made.keyword, made.payment, %(token)s,
       made.case_id, made.line, made.ordinal + 1
from further_entry further join entry made on made.id = further.entry where further.id = %(further)s

-- to_give: the closed case whose entry is made once more, as it was delivered
select cases.id, cases.reference, cases.scenario, cases.line, cases.lines, cases.data_key, cases.payload, made.ordinal + 1 as ordinal
from further_entry further join entry made on made.id = further.entry join cases on cases.id = made.case_id
where further.id = %(id)s and further.caisse = %(caisse)s and further.state = 'agreed'
  and cases.state in ('ended', 'rejected', 'cancelled')

-- take_over: the case of a run is the one for which it was decided: closed without the entry, the decision lapses
update entry set case_id = cases.id
from cases, further_entry further join entry made on made.id = further.entry
where cases.run = %(run)s and further.id = %(id)s and further.state = 'agreed' and entry.state = 'planned'
  and entry.effect_digest = made.effect_digest and entry.ordinal = made.ordinal + 1 and entry.case_id = made.case_id

-- asked: what waits for a second person, oldest first
select further.id, further.reason, further.asked_at, coalesce(account.display_name, further.asked_by) as asker, further.asked_by,
       cases.reference as case_reference, entry.application, entry.reference, entry.amount_c
from further_entry further
join entry on entry.id = further.entry join cases on cases.id = entry.case_id
left join account on account.login = further.asked_by
where further.caisse = %(caisse)s and further.state = 'asked'
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
order by further.asked_at, further.id limit 50
