-- Tries over days are counted apart from attempts: an application that fails on one of the days costs none.
alter table cases add column tries integer not null default 0;
