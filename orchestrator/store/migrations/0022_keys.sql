-- Every key of an installation is known by its fingerprint, not the effect key alone.
create table key_fingerprint (
    name text primary key check (name in ('effect', 'index', 'wrap')),
    fingerprint text not null,
    since timestamptz not null default now()
);
insert into key_fingerprint (name, fingerprint, since) select 'effect', fingerprint, since from effect_key;
drop table effect_key;
