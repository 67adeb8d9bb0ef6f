-- record: remember what exactly is run
insert into scenario_version (hash, caisse, name, title, document, parallel, ramp, incidents, outside)
values (%(hash)s, %(caisse)s, %(name)s, %(title)s, %(document)s, %(parallel)s, %(ramp)s::integer[], %(incidents)s,
        array(select jsonb_array_elements_text(%(outside)s::jsonb)))
on conflict do nothing

-- keep_file: keep one text of a version
insert into version_file (version, place, path, content) values (%(version)s, %(place)s, %(path)s, %(content)s)
on conflict do nothing

-- keep_application: keep where a version's cases are worked
insert into version_application (version, application) values (%(version)s, %(application)s) on conflict do nothing

-- files: the texts of a version, in the order in which people read them
select path, content from version_file where version = %(version)s order by place

-- current: the published version of a scenario
select publication.id, version, previous, proposed_by, proposed_at, note, decided_by, decided_at, stage, allowed, begun
from publication where caisse = %(caisse)s and scenario = %(scenario)s and state = 'published'

-- proposed: the version of a scenario that waits for a second person
select id, version, proposed_by, proposed_at, note
from publication where caisse = %(caisse)s and scenario = %(scenario)s and state = 'proposed'

-- withdraw: a proposal gives way to another
update publication set state = 'withdrawn'
where caisse = %(caisse)s and scenario = %(scenario)s and state = 'proposed'

-- propose: one person proposes a version; touches no row when this person may not
insert into publication (id, caisse, scenario, version, proposed_by, note)
select %(id)s, %(caisse)s, %(scenario)s, %(version)s, login, %(note)s from account
where login = %(login)s and caisse = %(caisse)s and active and role = 'supervisor'

-- replace: the published version gives way to another
update publication set state = 'replaced'
where caisse = %(caisse)s and scenario = %(scenario)s and state = 'published'
returning case when allowed is null then version else previous end as previous

-- publish: a second person agrees; a version that was published before goes on where its ramp was
update publication set
    state = 'published', decided_by = %(login)s, decided_at = now(), previous = nullif(%(previous)s, version),
    stage = coalesce(before.stage, 0), begun = coalesce(before.begun, 0),
    allowed = case when before.stage is null then asked.ramp[1] else before.allowed end
from scenario_version asked
left join lateral (
    select old.stage, old.begun, old.allowed from publication old
    where old.caisse = %(caisse)s and old.version = asked.hash and old.state = 'replaced'
    order by old.decided_at desc limit 1
) before on true
where publication.id = %(id)s and publication.caisse = %(caisse)s and publication.state = 'proposed'
  and asked.hash = publication.version and publication.proposed_by <> %(login)s
  and exists (select 1 from account where login = %(login)s and caisse = %(caisse)s and active and role = 'supervisor')
returning publication.version, publication.allowed

-- release_stage: somebody has looked: the next stage of the ramp, or the rest
update publication set stage = stage + 1, allowed = allowed + asked.ramp[stage + 2]
from scenario_version asked
where publication.caisse = %(caisse)s and publication.scenario = %(scenario)s and publication.state = 'published'
  and publication.id = %(id)s and publication.stage = %(stage)s and publication.allowed is not null
  and asked.hash = publication.version
  and exists (select 1 from account where login = %(login)s and caisse = %(caisse)s and active and role = 'supervisor')
returning publication.version, publication.stage, publication.allowed, publication.begun

-- hold_turn: while the published version is in its ramp and may begin more, one claimer at a time
select hold_turn(%(caisse)s, %(scenario)s)

-- next_turn: the version of the next ready case, whatever it is; read like a claim
with open as materialized (
    select now.version, now.previous, coalesce(now.begun < now.allowed, now.version is not null) as has_room
    from (values (true)) here left join publication now
        on now.caisse = %(caisse)s and now.scenario = %(scenario)s and now.state = 'published'
    where not exists (select 1 from scenario_stop stop
        where stop.caisse = %(caisse)s and stop.scenario = %(scenario)s and stop.released_at is null)
      and not is_restored(%(caisse)s)
)
select turn.version
from open cross join cases join run on run.id = cases.run
cross join lateral (select version_in_turn(
    run.mode, run.version, cases.begun_under, open.version, open.previous, open.has_room) as version) turn
where cases.state = 'ready' and cases.caisse = %(caisse)s and cases.scenario = %(scenario)s
  and not turn.version = any (%(known)s::text[])
  and turn.version = any (array(
      select hash from scenario_version
      where caisse = %(caisse)s and name = %(scenario)s and not version_closed(hash, %(caisse)s, %(session)s::uuid)))
order by cases.priority desc, cases.due, cases.created_at, cases.line, cases.id limit 1

-- stop_scenario: close a scenario to robots, once
insert into scenario_stop (caisse, scenario, reason) values (%(caisse)s, %(scenario)s, %(reason)s) on conflict do nothing

-- stop_by_person: a person closes a scenario to robots
insert into scenario_stop (caisse, scenario, reason, stopped_by) values (%(caisse)s, %(scenario)s, %(reason)s, %(login)s)
on conflict do nothing

-- stopped_scenarios: the scenarios closed to robots
select scenario, reason, stopped_at, stopped_by from scenario_stop
where caisse = %(caisse)s and released_at is null order by scenario

-- release_scenario: somebody has looked: robots go on with it
update scenario_stop set released_at = now(), released_by = %(login)s
where caisse = %(caisse)s and scenario = %(scenario)s and released_at is null

-- known_scenarios: every scenario that has or had a version here, with its newest title and whether robots may work it
select distinct on (known.name) known.name as scenario, known.title, stop.reason, stop.stopped_at, stop.stopped_by
from scenario_version known
left join scenario_stop stop
    on stop.caisse = known.caisse and stop.scenario = known.name and stop.released_at is null
where known.caisse = %(caisse)s order by known.name, known.recorded_at desc

-- overview: every scenario that has a published or proposed version
select coalesce(now.scenario, wish.scenario) as scenario, now.version, now.previous, now.proposed_by, now.decided_by,
       now.decided_at, now.stage, now.allowed, now.begun, now.id as publication, asked.title, asked.ramp,
       wish.id as proposal, wish.version as wished, wish.proposed_by as wished_by, wish.proposed_at as wished_at, wish.note
from (select * from publication where state = 'published' and caisse = %(caisse)s) now
full join (select * from publication where state = 'proposed' and caisse = %(caisse)s) wish
    on wish.scenario = now.scenario
join scenario_version asked on asked.hash = coalesce(now.version, wish.version)
order by 1

-- begun_cases: the last cases begun under a version, for the person who looks at its stage
select cases.reference, cases.state::text as state, cases.ended_as, cases.changed_at
from cases
where cases.id in (select case_id from attempt where attempt.version = %(version)s)
  and cases.caisse = %(caisse)s and cases.begun_under = %(version)s
  and (%(restricted)s or not exists (
      select 1 from exception_item where exception_item.case_id = cases.id and exception_item.restricted))
order by cases.changed_at desc, cases.id limit 100
