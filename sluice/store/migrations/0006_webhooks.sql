-- expand
-- Webhooks. `sealed` holds the signing secrets, bound to the row (S7). Delivery times are microseconds of the database's clock.
create table webhook_endpoints (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    url text not null,
    status text not null check (status in ('enabled', 'disabled')),
    enabled_events text[] not null,
    api_version text,
    since bigint not null,                          -- enabled since; older failures count no more
    failing bigint,                                 -- the owner was told of failures that began then
    key text collate "C" not null,
    sealed bytea not null,
    doc jsonb not null,
    primary key (scope, id)
);
create index webhook_endpoints_key on webhook_endpoints (scope, key, id);

create table webhook_health (                       -- failures since the last success; none: all is well
    scope bigint not null,
    endpoint text collate "C" not null,
    failures int not null,
    since bigint not null,
    primary key (scope, endpoint)
) with (fillfactor = 50);

create table deliveries (                           -- an event owed to an endpoint
    scope bigint not null,
    endpoint text collate "C" not null,
    number bigint not null,
    event text collate "C" not null,
    object text collate "C" not null,
    tries int not null default 0,
    began bigint,                                   -- the first try's end
    due bigint,                                     -- when it may be claimed: the next try, or the lease's end; null: no more
    token text collate "C",                         -- the lease
    taken bigint,
    primary key (scope, endpoint, number)
) with (fillfactor = 70);
create index deliveries_due on deliveries (scope, endpoint, due, number) where due is not null;
create index deliveries_first on deliveries (scope, endpoint, object, number) where tries = 0 and due is not null;
create index deliveries_busy on deliveries (scope, endpoint) where token is not null;

create table attempts (                             -- each try, named by its lease
    scope bigint not null,
    endpoint text collate "C" not null,
    number bigint not null,
    token text collate "C" not null,
    at bigint not null,
    ms int not null,
    status int,                                     -- null: no answer came, `error` says why
    error text,
    head text not null,
    primary key (scope, endpoint, number, token)
);
create index attempts_at on attempts (at);
