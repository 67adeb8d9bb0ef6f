-- Money is counted per case, too, and under the civil day on which it is spent; each entry knows where its own is counted.
alter table entry add column counted text[] not null default '{}';

create or replace function watch_incidents() returns trigger language plpgsql as $$
declare
    most integer;
    looked integer;
    failed integer;
begin
    select incidents into most from scenario_version where hash = new.version;
    if most is null or new.incident is not true then
        return new;
    end if;
    -- one after the other: lanes that end at the same time see each other's incidents, and none goes beyond the share
    perform pg_advisory_xact_lock(hashtextextended(format('glr.incidents %s %s', new.caisse, new.scenario), 0));
    select count(*), count(*) filter (where incident) into looked, failed from (
        select incident from attempt
        where caisse = new.caisse and scenario = new.scenario and incident is not null
          and ended_at > coalesce((select max(released_at) from scenario_stop
                                   where caisse = new.caisse and scenario = new.scenario), '-infinity')
        order by ended_at desc limit 50
    ) last;
    if looked >= 10 and failed * 100 > looked * most then
        insert into scenario_stop (caisse, scenario, reason)
        values (new.caisse, new.scenario, format('%s incidents applicatifs sur les %s dernières tentatives (%s %% permis)',
                                                 failed, looked, most))
        on conflict do nothing;
    end if;
    return new;
end
$$;
