-- expand: a claim looks for earlier attempts of a case only while its version is counted for its ramp.
create or replace function count_for_ramp() returns trigger language plpgsql as $$
begin
    -- asked first: nearly every case is begun while nothing is counted
    if exists (select from publication where caisse = new.caisse and scenario = new.scenario
               and state = 'published' and version = new.begun_under and allowed is not null) then
        -- the attempt that begins with this claim is numbered by its epoch: it is not an earlier one
        update publication set begun = begun + 1
        where caisse = new.caisse and scenario = new.scenario and version = new.begun_under
          and state = 'published' and allowed is not null
          and not exists (select 1 from attempt where case_id = new.id and version = new.begun_under and n < new.epoch);
    end if;
    return new;
end
$$;
