-- expand: where the audit log is written: one folder, whoever exports. Its name is in a file of it, so that it may be mounted
-- anywhere and moved; host and path say where it was first seen.
create table log_folder (
    one boolean primary key default true check (one),
    id uuid not null,
    host text not null,
    path text not null,
    since timestamptz not null default now()
);
