-- Entries of a case that are made all or none: what takes one back is an entry too.
alter type entry_state add value 'undone';
alter table entry add column undoes uuid references entry;
alter table entry drop constraint entry_check;
alter table entry add constraint proven
    check ((state::text in ('confirmed', 'by_hand', 'undone')) = (reference is not null and settled_at is not null));

create or replace function entry_transition() returns trigger language plpgsql as $$
declare
    allowed constant text[] := array[
        'planned>intent', 'planned>by_hand', 'planned>confirmed', 'intent>confirmed', 'intent>doubtful',
        'intent>planned', 'intent>by_hand', 'doubtful>confirmed', 'doubtful>by_hand', 'confirmed>undone', 'undone>by_hand'
    ];
begin
    if tg_op = 'UPDATE' then
        if new.effect_digest <> old.effect_digest then
            raise exception 'an effect keeps its identity' using errcode = 'GL004';
        end if;
        if new.case_id <> old.case_id and old.state <> 'planned' then
            raise exception 'what was or may have been entered keeps its case' using errcode = 'GL004';
        end if;
        if new.state = old.state then
            return new;
        end if;
        if not (old.state || '>' || new.state) = any (allowed) then
            raise exception 'impossible transition of an entry % > %', old.state, new.state using errcode = 'GL003';
        end if;
        if new.state = 'intent' and exists (select 1 from by_hand
                where case_id = new.case_id and given_back_at is null and read_back_at is null) then
            raise exception 'taken by a person: no robot enters it' using errcode = 'GL007';
        end if;
        if new.state in ('confirmed', 'by_hand') then
            update by_hand set read_back_at = now()
            where case_id = new.case_id and given_back_at is null and read_back_at is null;
        end if;
    end if;
    perform record_event(new.caisse, 'entry.' || new.state, new.token, jsonb_strip_nulls(jsonb_build_object(
        'keyword', new.keyword, 'amount_c', new.amount_c, 'reference', new.reference,
        'case', (select reference from cases where id = new.case_id))));
    return new;
end
$$;
