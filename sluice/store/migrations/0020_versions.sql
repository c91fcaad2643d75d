-- expand
-- API versions (B-1.12). An account's: what its calls are that name none, and its events, which keep the one of their second.
create table account_versions (
    scope bigint not null,
    since bigint not null,                          -- from this second on
    version text not null,
    primary key (scope, since)
);
-- The version in which a key's answer was rendered: a replay says it again.
alter table idempotency add column version text;
-- What events said of an object before: older versions show it in lists inside another event's object.
create index events_shown on events (scope, object) where type like 'charge.%' or type like 'refund.%' or type like 'customer.source.%';
