-- expand
-- The books (Law 2, Law 3): pairs that are only ever added, events, and the outbox from which both are taken.
create table postings (
    scope bigint not null,
    fact text collate "C" not null,
    n int not null,
    debit text not null,
    credit text not null,
    amount numeric(78, 0) not null check (amount > 0),
    currency text not null,
    primary key (scope, fact, n),
    check (debit <> credit)
);

create table balances (                             -- the roll-up: credits less debits of the facts taken from the outbox
    scope bigint not null,
    account text not null,
    currency text not null,
    amount numeric(78, 0) not null,
    primary key (scope, account, currency)
) with (fillfactor = 50);

create table balance_transactions (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    type text not null,
    source text collate "C" not null,
    amount bigint not null,
    fee bigint not null,
    net bigint not null,
    currency text not null,
    available_on bigint not null,
    matured text collate "C",                       -- the fact that made it available
    doc jsonb not null,
    primary key (scope, id),
    check (net = amount - fee)
);
create index balance_transactions_source on balance_transactions (scope, source);
create index balance_transactions_pending on balance_transactions (available_on) where matured is null;

create table outbox (
    scope bigint not null,
    n bigint generated always as identity,
    fact text collate "C" not null,
    primary key (scope, n)
);

create table events (
    scope bigint not null,
    fact text collate "C" not null,
    id text collate "C" not null,
    n int not null,
    type text not null,
    object text collate "C" not null,
    object_version int not null,
    data text not null,                             -- the bytes of `data`, as they were at the change
    created bigint not null,
    request text,
    idempotency_key text,
    primary key (scope, id)
);
create index events_fact on events (scope, fact);
create index events_created on events (created);

create table event_numbers (                        -- of its own: the application may not change an event (S24)
    scope bigint not null,
    number bigint not null,
    event text collate "C" not null,
    primary key (scope, number),
    unique (scope, event)
);
