-- find: write a gap down once, however often it is found; a doubt that a robot or a person has in hand is theirs already
insert into gap (id, caisse, application, kind, fingerprint, case_reference, reference, message, ours_c, seen_c)
select %(id)s, %(caisse)s, %(application)s, %(kind)s, %(fingerprint)s, %(case_reference)s, %(reference)s, %(message)s,
       %(ours_c)s, %(seen_c)s
where %(kind)s <> 'doubt' or not exists (
    select from cases where cases.reference = %(case_reference)s
      and cases.state in ('ready', 'waiting', 'leased', 'exception', 'awaiting_approval'))
on conflict (caisse, fingerprint) do update set last_seen_at = now()

-- known: what is written down of these gaps
select fingerprint, settled_at, settled_by, reason, opened_at from gap
where caisse = %(caisse)s and fingerprint = any (%(fingerprints)s::text[])

-- case: the case of an entry, to look it up under every author
select cases.id, cases.reference, cases.scenario, cases.data_key, cases.payload, cases.findings, run.run_date, entry.effect_digest
from cases join run on run.id = cases.run left join entry on entry.case_id = cases.id and entry.token = %(token)s
where cases.caisse = %(caisse)s and cases.reference = %(reference)s

-- open: the gaps that nobody has explained, oldest first
select id, application, kind, case_reference, reference, message, ours_c, seen_c, opened_at, last_seen_at
from gap
where caisse = %(caisse)s and settled_at is null and (opened_at, id) > (%(after_at)s::timestamptz, %(after_id)s::uuid)
  and (%(restricted)s or not exists (
      select from cases join exception_item item on item.case_id = cases.id
      where cases.reference = gap.case_reference and item.restricted))
order by opened_at, id limit %(limit)s

-- settled: the gaps that were explained last
select application, kind, case_reference, reference, message, ours_c, seen_c, opened_at, settled_at, reason,
       coalesce(account.display_name, settled_by) as settled_by
from gap left join account on account.login = settled_by
where gap.caisse = %(caisse)s and settled_at is not null
  and (%(restricted)s or not exists (
      select from cases join exception_item item on item.case_id = cases.id
      where cases.reference = gap.case_reference and item.restricted))
order by settled_at desc, id limit 20

-- settle: a person has looked, and says what explains it
update gap set settled_at = now(), settled_by = %(login)s, reason = %(reason)s
where id = %(id)s and caisse = %(caisse)s and settled_at is null
  and (%(restricted)s or not exists (
      select from cases join exception_item item on item.case_id = cases.id
      where cases.reference = gap.case_reference and item.restricted))
