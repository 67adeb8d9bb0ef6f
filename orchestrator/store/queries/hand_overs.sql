-- intend: commit that a hand-over may have been made from now on; touches no row when it stands already
insert into hand_over (caisse, run, effect_key, keyword)
values (%(caisse)s, %(run)s, %(effect_key)s, %(keyword)s)
on conflict (run, effect_key) do update set state = 'intended', intended_at = now()
where hand_over.state = 'not_made' and hand_over.keyword = excluded.keyword

-- one: what is known of a hand-over
select keyword, state, result from hand_over where run = %(run)s and effect_key = %(effect_key)s

-- made: it was made, and this is what it gave
update hand_over set state = 'made', result = %(result)s
where run = %(run)s and effect_key = %(effect_key)s and state = 'intended'

-- failed: it was not made for certain, or nobody can say
update hand_over set state = %(state)s where run = %(run)s and effect_key = %(effect_key)s and state = 'intended'

-- settle: a person has looked, and says whether it was made
update hand_over set state = %(state)s, result = %(result)s, settled_by = %(login)s, reason = %(reason)s
where run = %(run)s and effect_key = %(effect_key)s and state = 'doubtful'

-- of_run: what a run gave away, in order
select effect_key, keyword, state, result, intended_at, settled_by, reason from hand_over
where run = %(run)s order by intended_at, effect_key

-- in_doubt: the runs with a hand-over that a person must settle
select run.id as run, hand_over.effect_key, hand_over.keyword from hand_over join run on run.id = hand_over.run
where hand_over.caisse = %(caisse)s and hand_over.state = 'doubtful' order by hand_over.intended_at
