-- What a version does outside the guarantee is said wherever its cases and runs are shown.
alter table scenario_version add column outside text[] not null default '{}';
