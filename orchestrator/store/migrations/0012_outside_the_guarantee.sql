-- What a version does outside the guarantee is said wherever its cases and runs are shown.
alter table scenario_version add column outside text[] not null default '{}';

-- A runner asks often which of its sessions is at one case for too long.
create index attempt_of_session on attempt (session, started_at);
