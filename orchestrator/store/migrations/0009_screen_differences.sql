-- What was different when screens stopped an application, and who has just walked them.
alter table application_stop add column proposal text not null default '';

create table screen_difference (
    caisse text not null,
    application text not null,
    place integer not null,
    screen text not null,
    said text not null,
    alters boolean not null,
    primary key (caisse, application, place),
    foreign key (caisse, application) references application_stop on delete cascade
);

create table screen_walk (
    caisse text not null,
    application text not null,
    basis text not null,
    session uuid not null,
    begun_at timestamptz not null default now(),
    passed_at timestamptz,
    primary key (caisse, application, basis)
);

grant update (proposal) on application_stop to glr_runner;
grant select, insert on screen_difference to glr_runner;
grant select, insert, update, delete on screen_walk to glr_runner;
grant select on screen_difference to glr_console;
