-- Cases of several rows and of several entries.
alter table cases add column lines integer[];
alter table cases add constraint own_line check (line = any (lines));
alter table entry add column line integer;
drop index approval_open;
create unique index approval_open on approval (entry) where state = 'asked';
-- a person is found whatever the field, and whatever the row
drop index blind_index_digest;
create index blind_index_digest on blind_index (digest);
