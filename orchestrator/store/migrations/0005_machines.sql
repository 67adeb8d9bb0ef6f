-- A program that may deliver cases of one scenario; only the digest of its token is kept.
create table machine (
    login text primary key check (login ~ '^[a-z0-9][a-z0-9._-]{1,39}$'),
    caisse text not null,
    scenario text not null,
    token_digest bytea not null unique check (length(token_digest) = 32),
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
grant select on machine to glr_console;
