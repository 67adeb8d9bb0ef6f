grant usage on schema queue to glr_runner, glr_console;
grant select, insert, update, delete on all tables in schema queue to glr_runner;
grant usage, select on all sequences in schema queue to glr_runner;
grant execute on all functions in schema queue to glr_runner;
grant usage on schema glr to glr_runner, glr_console, glr_exporter;
