-- an insert that meets a row that stands makes none, and tells nothing: what is new is told once it is made
drop trigger case_transition on cases;
create trigger case_transition before update on cases for each row execute function case_transition();
create trigger case_transition_made after insert on cases for each row execute function case_transition();
drop trigger entry_transition on entry;
create trigger entry_transition before update on entry for each row execute function entry_transition();
create trigger entry_transition_made after insert on entry for each row execute function entry_transition();
drop trigger doubt_event on doubt;
create trigger doubt_event before update on doubt for each row execute function doubt_event();
create trigger doubt_event_made after insert on doubt for each row execute function doubt_event();
drop trigger scenario_stop_event on scenario_stop;
create trigger scenario_stop_event before update on scenario_stop for each row execute function scenario_stop_event();
create trigger scenario_stop_event_made after insert on scenario_stop for each row execute function scenario_stop_event();
drop trigger hand_over_transition on hand_over;
create trigger hand_over_transition before update on hand_over for each row execute function hand_over_transition();
create trigger hand_over_transition_made after insert on hand_over for each row execute function hand_over_transition();
drop trigger closing_event on closing;
create trigger closing_event before update on closing for each row execute function closing_event();
create trigger closing_event_made after insert on closing for each row execute function closing_event();
