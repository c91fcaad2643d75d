-- expand
-- The installation, merchants and their scopes. A scope is one merchant in one mode; it leads every key (Law 6).
create table installation (
    one boolean primary key default true check (one),
    epoch int not null default 1                    -- references to rails carry it; a restore raises it (F32)
);
insert into installation default values;

create table merchants (
    id text collate "C" primary key,
    created bigint not null,
    name text not null,
    country text not null,
    currency text not null,
    settings jsonb not null default '{}'
);

create table scopes (
    scope bigint generated always as identity primary key,
    merchant text collate "C" not null references merchants,
    livemode boolean not null,
    numbered bigint not null default 0,             -- the last event's number
    unique (merchant, livemode)
);

-- Idempotency (BEHAVIOUR 1.5): claimed in a path's first commit, finished in its last.
create table idempotency (
    scope bigint not null,
    key text collate "C" not null,
    fingerprint bytea not null,
    token text collate "C" not null,
    request text collate "C" not null,
    created bigint not null,
    status int,
    body text,
    primary key (scope, key)
) with (fillfactor = 80);
create index idempotency_created on idempotency (created);
