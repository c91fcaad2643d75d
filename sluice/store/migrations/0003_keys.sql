-- expand
-- API keys: a hash, and what a person may see of it. `hash` is unique over all scopes: the key is what tells the scope.
create table api_keys (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    hash bytea not null,
    kind text not null check (kind in ('sk', 'rk', 'pk', 'ek')),
    name text not null,
    last4 text not null,
    permissions jsonb not null,
    networks text[] not null,
    created bigint not null,
    expires bigint,
    revoked bigint,
    rolled_to text collate "C",
    last_used bigint,
    primary key (scope, id)
);

create unique index api_keys_hash on api_keys (hash);
