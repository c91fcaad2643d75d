-- expand
-- The audit log: who did what, written with it; linked by hashes right after. Scope 0 is the installation itself.
create table audit_entries (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,                        -- seconds of the database's clock
    kind text not null,                             -- who: secret, restricted, publishable, buyer, person, process
    actor text not null,                            -- a key's id, a user of the system, a process
    action text not null,                           -- what: payment_intents.confirm, keys.roll
    object text collate "C" not null,               -- of what
    result text not null,                           -- done, asked (of a rail), refused …
    address text not null,                          -- from where
    request text not null,                          -- req_…, none at the command line
    card text collate "C",                          -- the vault's row that was opened for it
    detail jsonb not null,
    primary key (scope, id)
);
create index audit_entries_object on audit_entries (scope, object, id);

create table audit_waiting (                        -- entries that are not in the chain yet
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    primary key (scope, id)
);

create table audit_chain (                          -- of its own: the application may not change an entry (S24)
    scope bigint not null,
    number bigint not null,
    entry text collate "C" not null,
    hash bytea not null,                            -- of the link before it, its number, and the whole entry
    primary key (scope, number),
    unique (scope, entry)
);

create table digests (                              -- a closed day of the ledger, signed
    scope bigint not null,
    day date not null,                              -- UTC
    last bigint not null,                           -- the last event's number that it covers
    audited bigint not null,                        -- the last link of the audit chain that it anchors
    body text not null,                             -- the bytes that were signed
    key text not null,
    signature bytea not null,
    primary key (scope, day)
);
