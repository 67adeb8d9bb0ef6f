-- Screens that only an act leads to: no walk sees them, and people are told which (ADR 30).
alter table screen_walk add column unseen text[] not null default '{}';
