-- expand
-- What the worker keeps: its heartbeat, what balance.available's version is, when a notice is looked at again.
create table workers (
    id text collate "C" primary key,
    host text not null,
    pid int not null,
    started bigint not null,
    beat bigint not null                            -- seconds of the database's clock
);

alter table scopes add column matured int not null default 0;      -- the version of the balance, as its events bear it
alter table idempotency add column running bigint;                 -- when it was last seen without an answer, a day on
alter table notices add column tries int not null default 0;
alter table notices add column due bigint not null default 0;      -- seconds; the end of a lease, or of a pause
create index notices_due on notices (due) where applied is null;
