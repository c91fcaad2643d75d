-- expand
-- What was read of another account of the same API, to be looked at before a shop moves. Nothing here moves money.
create table mirrored (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    n bigint generated always as identity,          -- the order in which it came
    created bigint not null,
    kind text not null,                             -- its `object`
    source text not null,                           -- the account that it was read from
    body text not null,                             -- as it was given, byte for byte
    primary key (scope, id)
);
create index mirrored_kind on mirrored (scope, kind, id);
create index mirrored_order on mirrored (scope, n);
-- How far a reading has come, so that one that was cut off goes on.
create table readings (
    scope bigint not null,
    source text not null,
    resource text not null,
    cursor text,
    seen bigint not null,
    done boolean not null,
    primary key (scope, source, resource)
);
