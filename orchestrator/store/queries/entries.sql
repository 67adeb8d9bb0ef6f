-- plan: remember an effect, once in the whole database; beyond the first ordinal only a person does
insert into entry (id, caisse, effect_digest, scenario, application, keyword, payment, token, case_id)
values (%(id)s, %(caisse)s, %(effect_digest)s, %(scenario)s, %(application)s, %(keyword)s, %(payment)s, %(token)s,
        %(case_id)s)
on conflict (effect_digest, ordinal) do nothing

-- takes_back: say which entry this effect takes back
update entry set undoes = %(undoes)s where effect_digest = %(effect_digest)s and undoes is null

-- by_effect: the last entry of an effect, kept until the end of the transaction; what was made of it before is known too
select entry.id, entry.ordinal, decision_lapsed(entry) as lapsed,
       array(select unnest(array[earlier.token, earlier.reference]) from entry earlier
             where earlier.effect_digest = entry.effect_digest and earlier.ordinal < entry.ordinal) as earlier,
       entry.caisse, entry.case_id, entry.state::text as state, entry.token, entry.amount_c, entry.reference,
       entry.payment, entry.settled_at, first.reference as case_reference, first.state::text as case_state, last.values_digest,
       exists (select 1 from by_hand_entry line where line.entry = entry.id and line.case_id = entry.case_id
               and line.not_due_at is not null) as not_due
from entry
left join lateral standing_of(entry.case_id) first on true
left join lateral (
    select values_digest from entry_attempt where entry_attempt.entry = entry.id order by n desc limit 1
) last on true
where entry.effect_digest = %(effect_digest)s order by entry.ordinal desc limit 1 for update of entry

-- adopt: an entry that was only planned passes to the case that now carries its effect
update entry set case_id = %(case_id)s where id = %(id)s and state = 'planned'

-- for_line: the line of the delivery that an entry is for
update entry set line = %(line)s where id = %(id)s and line is distinct from %(line)s

-- of_case: the entries of a case
select id, state::text as state, token, amount_c, reference, settled_at, settled_by, planned_at, keyword, line
from entry where case_id = %(case_id)s order by planned_at, line, id

-- mark_doubtful_of_case: whatever was intended under an earlier lease is now in doubt
update entry set state = 'doubtful' where case_id = %(case_id)s and state = 'intent' returning id, application

-- intend: from here on the act may have happened
update entry set state = 'intent', amount_c = %(amount_c)s, counted = %(counted)s where id = %(id)s and state = 'planned'

-- stopped_now: are robots stopped for a case that would act in an application
select robots_stopped(%(case_id)s, %(application)s) as stopped

-- begin_attempt: the attempt at an entry, open until it is proven or in doubt
insert into entry_attempt (entry, n, caisse, case_id, epoch, session, values_digest, cookies)
select %(entry)s, coalesce(max(n), 0) + 1, %(caisse)s, %(case_id)s, %(epoch)s, %(session)s, %(values_digest)s, %(cookies)s
from entry_attempt where entry = %(entry)s

-- end_attempt: close the open attempt at an entry
update entry_attempt set ended_at = now(), result = %(result)s where entry = %(entry)s and ended_at is null

-- confirm: read back, ours
update entry set state = 'confirmed', reference = %(reference)s, amount_c = %(amount_c)s, settled_at = now(),
    settled_by = %(actor)s
where id = %(id)s and state in ('planned', 'intent', 'doubtful')

-- doubt: it may have happened
update entry set state = 'doubtful' where id = %(id)s and state = 'intent'

-- not_sent: the fence proved that nothing left; the entry is planned again
update entry set state = 'planned', amount_c = null where id = %(id)s and state = 'intent'

-- once_more: a look has shown that it was not made; it is planned again
update entry set state = 'planned', amount_c = null where id = %(id)s and state = 'doubtful'

-- by_hand: a person entered it; read back by the same look-up
update entry set state = 'by_hand', reference = %(reference)s, amount_c = %(amount_c)s, settled_at = now(),
    settled_by = %(actor)s
where id = %(id)s and state in ('planned', 'intent', 'doubtful', 'undone')

-- undone: the entry that takes it back is proven
update entry set state = 'undone' where id = %(id)s and state = 'confirmed'

-- spend: commit money under a ceiling; the CHECK refuses what would cross it
insert into spending (caisse, scenario, scope, amount_c, limit_c)
values (%(caisse)s, %(scenario)s, %(scope)s, %(amount_c)s, %(limit_c)s)
on conflict (caisse, scenario, scope) do update
set amount_c = spending.amount_c + excluded.amount_c, limit_c = excluded.limit_c

-- paris_day: the civil day on which money is spent, by one clock for all machines
select (now() at time zone 'Europe/Paris')::date as today

-- counted: the ceilings under which the money of an entry is counted
select amount_c, counted from entry where id = %(id)s

-- free: money that was counted under a ceiling is not spent after all
update spending set amount_c = amount_c - %(amount_c)s
where caisse = %(caisse)s and scenario = %(scenario)s and scope = %(scope)s

-- void_asked: a question that is asked again with other values, or later, is void
update approval set state = 'void' where entry = %(entry)s and state = 'asked'

-- ask_approval: freeze what will be entered and ask a second person
insert into approval (id, caisse, case_id, entry, values_digest, payload, amount_c, roles, author, expires_at)
values (%(id)s, %(caisse)s, %(case_id)s, %(entry)s, %(values_digest)s, %(payload)s, %(amount_c)s, %(roles)s, %(author)s,
        now() + %(valid_for)s)

-- approved: was exactly this approved, and not expired
select id, validator from approval
where case_id = %(case_id)s and entry = %(entry)s and state = 'approved' and values_digest = %(values_digest)s and expires_at > now()
order by decided_at desc limit 1

-- of_list: the entries of a robot that one list by author shows, for reconciliation: an application may have several
select entry.token, entry.reference, entry.amount_c, entry.state::text as state, cases.reference as case_reference,
       run.run_date
from entry left join cases on cases.id = entry.case_id left join run on run.id = cases.run
where entry.caisse = %(caisse)s and entry.keyword = any (%(keywords)s) and entry.state <> 'planned'
  and entry.undoes is null and (run.robot is null or run.robot = %(robot)s)
order by entry.planned_at, entry.id
