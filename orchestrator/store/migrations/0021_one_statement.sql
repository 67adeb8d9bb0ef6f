-- A claim and the beginning of its attempt are one statement.

-- A case counts once for the version it is begun under; the CHECK is the stage of the ramp.
create or replace function count_for_ramp() returns trigger language plpgsql as $$
begin
    -- the attempt that begins with this claim is numbered by its epoch: it is not an earlier one
    if not exists (select 1 from attempt where case_id = new.id and version = new.begun_under and n < new.epoch) then
        update publication set begun = begun + 1
        where caisse = new.caisse and scenario = new.scenario and version = new.begun_under
          and state = 'published' and allowed is not null;
    end if;
    return new;
end
$$;

-- Most cases have no day on which their urgency changes: they need no place in its index.
drop index cases_urgency;
create index cases_urgency on cases (caisse, scenario, urgency_on)
    where urgency_on is not null and state in ('ready', 'waiting', 'awaiting_approval', 'exception');
