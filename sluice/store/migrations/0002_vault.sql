-- expand
-- Data keys, wrapped by a master key that is not in the database. A generation each; a retired one still opens what was left.
create table vault_keys (
    id text collate "C" primary key,
    purpose text not null,
    generation int not null check (generation > 0),
    wrapped bytea not null,
    created bigint not null,
    retired bigint,
    unique (purpose, generation)
);

create table vault_cards (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    key text collate "C" not null,
    sealed bytea not null,
    fingerprint text not null,
    primary key (scope, id)
);

create index vault_cards_key on vault_cards (scope, key, id);

-- Card codes that wait for their confirmation. UNLOGGED: not in WAL, so on no standby and in no archive or base backup.
create unlogged table vault_hours (
    id text collate "C" primary key,
    hour bigint not null,
    wrapped bytea not null
);

create unlogged table vault_cvcs (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    hour text collate "C" not null,
    sealed bytea not null,
    expires bigint not null,
    primary key (scope, id)
);
