-- case: all that is told of a case to who verifies it: nothing of a person, no note
select cases.reference, cases.scenario, cases.state::text as state, cases.ended_as, cases.version, cases.line, cases.lines,
       cases.due, cases.created_at, cases.changed_at, run.id as run, run.run_date, run.robot,
       (select coalesce(jsonb_agg(jsonb_build_object('token', token, 'application', application, 'keyword', keyword,
               'payment', payment, 'state', entry.state, 'amount_c', amount_c, 'reference', entry.reference,
               'planned_at', planned_at, 'settled_at', settled_at, 'settled_by', settled_by, 'line', entry.line,
               'ordinal', entry.ordinal, 'once_more', (
                   select jsonb_build_object('first', made.token, 'reason', further.reason, 'asked_by', further.asked_by,
                       'asked_at', further.asked_at, 'decided_by', further.decided_by, 'decided_at', further.decided_at)
                   from entry made join further_entry further on further.entry = made.id and further.state = 'agreed'
                   where made.effect_digest = entry.effect_digest and made.ordinal = entry.ordinal - 1))
               order by planned_at, entry.id), '[]') from entry where entry.case_id = cases.id) as entries,
       (select coalesce(jsonb_agg(jsonb_build_object('n', n, 'version', attempt.version, 'started_at', attempt.started_at,
               'ended_at', attempt.ended_at, 'outcome', outcome, 'code', code) order by n), '[]')
        from attempt where attempt.case_id = cases.id) as attempts,
       (select coalesce(jsonb_agg(jsonb_build_object('cause', cause, 'code', code, 'message', message, 'queue', queue,
               'opened_at', opened_at, 'closed_at', closed_at, 'closed_by', closed_by, 'decision', decision)
               order by opened_at, exception_item.id), '[]') from exception_item where case_id = cases.id) as exceptions,
       (select coalesce(jsonb_agg(jsonb_build_object('state', approval.state, 'author', author, 'validator', validator,
               'asked_at', asked_at, 'decided_at', decided_at, 'amount_c', amount_c,
               'values', encode(values_digest, 'hex')) order by asked_at, approval.id), '[]')
        from approval where approval.case_id = cases.id) as approvals,
       (select coalesce(jsonb_agg(jsonb_build_object('application', application, 'taken_by', taken_by, 'taken_at', taken_at,
               'given_back_by', given_back_by, 'given_back_at', given_back_at, 'read_back_at', read_back_at, 'entries', (
                   select coalesce(jsonb_agg(jsonb_build_object('token', entry.token, 'reference', said.reference,
                       'amount_c', said.amount_c, 'declared_by', declared_by, 'declared_at', declared_at, 'left_by', left_by,
                       'left_at', left_at, 'not_due_by', not_due_by, 'not_due_at', not_due_at,
                       'read_back_at', said.read_back_at) order by place, said.entry), '[]')
                   from by_hand_entry said join entry on entry.id = said.entry
                   where said.case_id = by_hand.case_id and said.taken_at = by_hand.taken_at))
               order by taken_at), '[]') from by_hand where by_hand.case_id = cases.id) as by_hand,
       (select coalesce(jsonb_agg(jsonb_build_object('digest', digest, 'attempt', attempt, 'step', step, 'kind', kind,
               'bytes', bytes, 'taken_at', taken_at) order by taken_at, digest), '[]')
        from evidence where evidence.case_id = cases.id) as captures
from cases join run on run.id = cases.run
where cases.reference = %(reference)s and cases.caisse = %(caisse)s

-- bordereau: what is told of the bordereau of a closed run
select run, number, file_name, sha256, cases, total_c, entered_c, entered, exceptions, codes, written_at, state, decided_by,
       decided_at, reason,
       (select coalesce(jsonb_agg(jsonb_build_object('seed', seed, 'size', size, 'drawn_by', drawn_by, 'drawn_at', drawn_at)
               order by drawn_at, sample.id), '[]')
        from bordereau_sample sample where sample.run = bordereau.run) as samples
from bordereau
where run = %(run)s and caisse = %(caisse)s
  and exists (select from closing where closing.run = bordereau.run and closing.closed_at is not null)

-- last_closed: the run that was closed last, of those with a bordereau
select closing.run from closing join bordereau on bordereau.run = closing.run
where closing.caisse = %(caisse)s and closing.closed_at is not null order by closing.closed_at desc, closing.run limit 1

-- run_of: the run of a case, and since when there are events of it
select run.id as run, run.started_at from run left join cases on cases.run = run.id and cases.reference = %(reference)s
where run.caisse = %(caisse)s and (run.id = %(run)s or cases.reference = %(reference)s) limit 1
