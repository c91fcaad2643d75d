-- expand
-- Cards on their way to a payment: tokens, confirmation tokens, and what a customer's own device may do for a while.
alter table customers add column default_source text collate "C";
alter table api_keys add column customer text collate "C"; -- whose objects alone an ephemeral key reaches

create table tokens (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    type text not null,                             -- card, cvc_update
    used boolean not null,
    card text collate "C",                          -- the vault's row, which the method made of it takes over
    fingerprint text,
    doc jsonb not null,
    primary key (scope, id)
);
create index tokens_unused on tokens (created) where not used;

create table confirmation_tokens (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    expires bigint not null,
    payment_method text collate "C" not null,
    intent text collate "C",                        -- the payment or setup intent that it confirmed
    doc jsonb not null,
    primary key (scope, id)
);

create table customer_sessions (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    expires bigint not null,
    customer text collate "C" not null,
    hash bytea not null,                            -- of the client secret
    doc jsonb not null,
    primary key (scope, id)
);
create index customer_sessions_expires on customer_sessions (expires);
