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

-- A case does not wait for a document while one was filed for it that it has not gone on with, whichever came first; in doubt
-- it stays as it is.
create function goes_on_with_filed() returns trigger language plpgsql as $$
begin
    update cases set state = 'ready', filed = null
    where id = new.id and state = 'waiting' and waits_for = 'document' and filed is not null and not exists (
        select 1 from entry where entry.case_id = new.id and entry.state in ('intent', 'doubtful'));
    if found then
        perform record_event(new.caisse, 'case.woken', new.reference, new.filed);
    end if;
    return null;
end
$$;
create trigger goes_on_with_filed after update on cases for each row
    when (new.state = 'waiting' and new.waits_for = 'document' and new.filed is not null)
    execute function goes_on_with_filed();
