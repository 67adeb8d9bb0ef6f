-- A start whose orchestrator dies or freezes before it is launched is launched by another. Those of before, and of programs of
-- before that still run, were launched by who wrote them.
alter table schedule_occurrence add column launched_at timestamptz default now(),
    add column held_until timestamptz not null default now();
create index schedule_occurrence_open on schedule_occurrence (caisse, scenario) where launched_at is null;
