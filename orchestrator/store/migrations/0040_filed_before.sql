-- expand: what a robot has filed is kept for a case that does not wait yet: it will not wait for a document that came before.
alter table cases add column filed jsonb;
-- What a case has entered, proven, is written on the open cases of its caisse under these keys, of whatever scenario: who waits
-- for a document goes on, who does not wait yet will not. Asked by the session that holds the case, with its end; gives how many
-- waited. Null: it has entered nothing itself.
create or replace function wake_for_filed(by_case uuid, by_session uuid, named text[], keys bytea[]) returns integer
    language plpgsql security definer set search_path from current as $$
declare
    me cases;
    number text;
    told uuid[];
    waited integer;
begin
    select * into me from cases
    where id = by_case and leased_by = by_session and state = 'leased' and lease_until > now() and held_here(by_session)
      and may_speak('session', caisse);
    select string_agg(reference, ' ' order by reference) into number from entry
    where case_id = me.id and state in ('confirmed', 'by_hand');
    if number is null then
        return null;
    end if;
    -- whoever changes one of them now is waited for: what it is then decides
    with said as (
        update cases set filed = jsonb_build_object('by', 'document', 'document', number, 'filed_by', me.reference)
        from unnest(named, keys) as asked (scenario, key_digest)
        where cases.caisse = me.caisse and cases.scenario = asked.scenario and cases.key_digest = asked.key_digest
          and cases.state not in ('ended', 'rejected', 'cancelled')
        returning cases.id
    )
    select array_agg(id) into told from said;
    select count(*) into waited from cases where id = any(told) and (filed is null or exists (
        select 1 from by_hand where case_id = cases.id and waits_for = 'document' and given_back_at is null and read_back_at is null));
    return waited;
end
$$;

-- Of these, which wait for a document, those go on for which one was filed that they have not gone on with, whichever came first;
-- in doubt a case stays as it is.
create function go_on_with_filed(waiting uuid[]) returns void language plpgsql security definer set search_path from current as $$
declare
    found_case record;
begin
    for found_case in
        update cases set state = 'ready', filed = null from cases said
        where cases.id = any(waiting) and said.id = cases.id and cases.state = 'waiting' and cases.waits_for = 'document'
          and cases.filed is not null and not exists (
              select 1 from entry where entry.case_id = cases.id and entry.state in ('intent', 'doubtful'))
        returning cases.caisse, cases.reference, said.filed
    loop
        perform record_event(found_case.caisse, 'case.woken', found_case.reference, found_case.filed);
    end loop;
end
$$;

create or replace function cases_changed() returns trigger language plpgsql security definer set search_path from current as $$
begin
    perform check_speaker(array(
        select distinct after.caisse from after join before using (id) where after.state <> before.state));
    insert into audit_outbox (caisse, actor, verb, object, details)
    select after.caisse, current_actor(), 'case.' || after.state, after.reference, jsonb_strip_nulls(jsonb_build_object(
        'from', before.state, 'version', after.version, 'epoch', after.epoch,
        'ended_as', after.ended_as, 'scenario', after.scenario, 'run', after.run, 'attempts', after.attempts))
    from after join before using (id) where after.state <> before.state order by after.changed_at, id;
    if exists (select from after where filed is not null and waits_for = 'document') then
        perform go_on_with_filed(array(select id from after where filed is not null and waits_for = 'document'));
    end if;
    return null;
end
$$;
