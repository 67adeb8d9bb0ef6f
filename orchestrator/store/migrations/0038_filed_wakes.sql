-- expand: what a robot has filed wakes the case that waits for it, of another scenario too.
-- What a case has entered, proven, wakes the cases of its caisse that wait for a document under one of these keys, of whatever
-- scenario, and none in doubt; asked by the session that holds the case, with its end. Null: it has entered nothing itself.
create function wake_for_filed(by_case uuid, by_session uuid, named text[], keys bytea[]) returns integer
    language plpgsql security definer set search_path from current as $$
declare
    me cases;
    filed text;
    found_case text;
    woken integer := 0;
    held integer;
begin
    select * into me from cases
    where id = by_case and leased_by = by_session and state = 'leased' and lease_until > now() and held_here(by_session)
      and may_speak('session', caisse);
    select string_agg(reference, ' ' order by reference) into filed from entry
    where case_id = me.id and state in ('confirmed', 'by_hand');
    if filed is null then
        return null;
    end if;
    for found_case in
        update cases set state = 'ready' from unnest(named, keys) as asked (scenario, key_digest)
        where cases.caisse = me.caisse and cases.scenario = asked.scenario and cases.key_digest = asked.key_digest
          and cases.state = 'waiting' and cases.waits_for = 'document' and not exists (
              select 1 from entry where entry.case_id = cases.id and entry.state in ('intent', 'doubtful'))
        returning cases.reference
    loop
        woken := woken + 1;
        perform record_event(me.caisse, 'case.woken', found_case,
            jsonb_build_object('by', 'document', 'document', filed, 'filed_by', me.reference));
    end loop;
    -- a person works it by hand meanwhile: given back, it does not wait again
    update by_hand set document_at = now() from cases, unnest(named, keys) as asked (scenario, key_digest)
    where cases.id = by_hand.case_id and cases.caisse = me.caisse and cases.scenario = asked.scenario
      and cases.key_digest = asked.key_digest and by_hand.waits_for = 'document' and by_hand.document_at is null
      and by_hand.given_back_at is null and by_hand.read_back_at is null;
    get diagnostics held = row_count;
    return woken + held;
end
$$;
