-- expand
-- What a shop reads of its webhooks: tries under an id that sorts by their end, and what is to be sent again.
alter table attempts add column id text collate "C" not null
    generated always as ('wat_' || lpad(at::text, 16, '0') || '_' || number || '_' || substr(endpoint, 4)) stored;
create index attempts_id on attempts (scope, id);
create index attempts_endpoint on attempts (scope, endpoint, id);
create index attempts_number on attempts (scope, number);

create view webhook_attempts with (security_invoker = true) as
    select a.scope, a.id, 0 as version, a.at / 1000000 as created, n.event, a.endpoint, a.status, a.error, a.head, a.ms
    from attempts a join event_numbers n on n.scope = a.scope and n.number = a.number;

create table resends (                              -- asked by the API; a worker makes their deliveries due again
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    endpoint text collate "C" not null,
    numbers bigint[] not null,                      -- the events'
    primary key (scope, id)
);
