-- expand
-- The shop's accounts at its banks, in the order in which they are asked (F22). None is ever deleted: what it took must be
-- reached for years (F51), so it is closed, and where its bank is found never changes.
create table rail_accounts (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    rail text not null,                             -- the kind: sandbox
    name text not null,
    position int not null,                          -- the lowest is asked first
    status text not null check (status in ('open', 'closed')),
    address jsonb not null,                         -- where the bank is found; no secret
    primary key (scope, id)
);
create unique index rail_accounts_id on rail_accounts (id);
