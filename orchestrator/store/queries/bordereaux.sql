-- write: what the workbook of a run says; written again only as long as its run is not closed
insert into bordereau (run, caisse, number, file_name, sha256, cases, total_c, entered_c, entered, exceptions, codes)
values (%(run)s, %(caisse)s, 0, %(file_name)s, %(sha256)s, %(cases)s, %(total_c)s, %(entered_c)s, %(entered)s::text[],
        %(exceptions)s, %(codes)s)
on conflict (run) do update set
    file_name = excluded.file_name, sha256 = excluded.sha256, cases = excluded.cases, total_c = excluded.total_c,
    entered_c = excluded.entered_c, entered = excluded.entered, exceptions = excluded.exceptions, codes = excluded.codes,
    written_at = now()
where bordereau.sha256 <> excluded.sha256

-- written: is the bordereau of a run written down
select sha256 from bordereau where run = %(run)s

-- recent: one page of the bordereaux of closed runs, newest first
select bordereau.run, bordereau.number, bordereau.cases, bordereau.total_c, cardinality(bordereau.entered) as entered,
       bordereau.exceptions, bordereau.state, bordereau.decided_at, bordereau.written_at, run.title, run.run_date,
       coalesce(account.display_name, bordereau.decided_by) as decided_by
from bordereau
join run on run.id = bordereau.run
join closing on closing.run = run.id and closing.closed_at is not null
left join account on account.login = bordereau.decided_by
where bordereau.caisse = %(caisse)s and (bordereau.written_at, bordereau.run) < (%(before_at)s::timestamptz, %(before_id)s::uuid)
  and (%(state)s::text is null or bordereau.state = %(state)s)
order by bordereau.written_at desc, bordereau.run desc limit %(limit)s

-- one: the bordereau of a closed run, and whether this person has decided anything in it
select bordereau.run, bordereau.number, bordereau.file_name, bordereau.sha256, bordereau.cases, bordereau.total_c,
       bordereau.entered_c, bordereau.entered, bordereau.exceptions, bordereau.codes, bordereau.written_at, bordereau.state,
       bordereau.decided_at, bordereau.reason, coalesce(account.display_name, bordereau.decided_by) as decided_by,
       run.title, run.scenario, run.run_date, run.robot, run.version, delivery.file_name as delivery,
       delivery.sha256 as delivery_sha256, delivery.rows, closing.closed_at,
       decided_in_run(bordereau.run, %(login)s) as excluded
from bordereau
join run on run.id = bordereau.run
join delivery on delivery.id = run.delivery
join closing on closing.run = run.id and closing.closed_at is not null
left join account on account.login = bordereau.decided_by
where bordereau.run = %(run)s and bordereau.caisse = %(caisse)s

-- of_run: where the bordereau of a run stands, for everybody
select bordereau.number, bordereau.sha256, bordereau.state, bordereau.decided_at, bordereau.reason,
       coalesce(account.display_name, bordereau.decided_by) as decided_by
from bordereau left join account on account.login = bordereau.decided_by
where bordereau.run = %(run)s and bordereau.caisse = %(caisse)s

-- judge: sign or refuse exactly what was displayed; touches no row once signed, and the triggers refuse the rest
update bordereau set state = %(state)s, decided_by = %(login)s, decided_at = now(), reason = %(reason)s
where run = %(run)s and caisse = %(caisse)s and sha256 = %(sha256)s and state in ('written', 'refused') and state <> %(state)s

-- draw: write a seed down before what it draws is shown
insert into bordereau_sample (id, run, caisse, seed, size, drawn_by)
values (%(id)s, %(run)s, %(caisse)s, %(seed)s, %(size)s, %(login)s)

-- samples: what was drawn from a bordereau, in order
select sample.id, sample.seed, sample.size, sample.drawn_at, coalesce(account.display_name, sample.drawn_by) as drawn_by
from bordereau_sample sample left join account on account.login = sample.drawn_by
where sample.run = %(run)s and sample.caisse = %(caisse)s order by sample.drawn_at, sample.id

-- sampled: the cases of a sample as they stand, with what was entered for each
select cases.reference, cases.state::text as state, cases.ended_as, entry.amount_c, entry.references,
       exists (select from exception_item item where item.case_id = cases.id and item.restricted) as restricted
from cases
left join lateral (
    select sum(amount_c)::bigint as amount_c, string_agg(reference, ', ' order by settled_at, id) as references
    from entry where entry.case_id = cases.id and entry.undoes is null and entry.state in ('confirmed', 'by_hand', 'undone')
) entry on true
where cases.run = %(run)s and cases.reference = any (%(references)s::text[])
