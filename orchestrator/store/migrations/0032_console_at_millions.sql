-- expand: what the console reads of a case or a run stays in few pages, however many cases have ended.
create index approval_by_case on approval (case_id);
drop index cases_by_run;
create index cases_by_run on cases (run, state, ended_as);
drop index entry_by_case;
create index entry_by_case on entry (case_id) include (state, undoes, amount_c);
