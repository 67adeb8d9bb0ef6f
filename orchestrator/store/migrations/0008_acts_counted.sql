-- What the desks of a session counted of acts during an attempt.
alter table attempt add column acts_left integer;
alter table attempt add column acts_refused integer;
grant update (acts_left, acts_refused) on attempt to glr_runner;
