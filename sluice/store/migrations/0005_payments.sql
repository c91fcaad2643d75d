-- expand
-- Customers and payments. Columns for what is looked up, constrained or moved; `doc` for what is only carried.
create table customers (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    email text,
    deleted boolean not null,
    default_payment_method text collate "C",
    invoice_prefix text not null,
    doc jsonb not null,
    primary key (scope, id)
);
create unique index customers_prefix on customers (scope, invoice_prefix);
create index customers_email on customers (scope, email, id) where email is not null;

create table payment_methods (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    customer text collate "C",
    state text not null,                            -- fresh, taken, used, attached, detached
    card text collate "C" not null,                 -- the vault's row
    fingerprint text not null,
    doc jsonb not null,
    primary key (scope, id)
);
create index payment_methods_customer on payment_methods (scope, customer, id) where customer is not null;

create table intents (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    status text not null,
    amount bigint not null check (amount > 0),
    currency text not null,
    capturable bigint not null,
    received bigint not null,
    customer text collate "C",
    payment_method text collate "C",
    latest_charge text collate "C",
    live text collate "C",                          -- the instruction in flight
    challenge text collate "C",                     -- the instruction that waits for the buyer
    canceled_at bigint,
    client_secret text not null,
    doc jsonb not null,
    primary key (scope, id)
) with (fillfactor = 70);
create index intents_customer on intents (scope, customer, id) where customer is not null;

create table charges (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    status text not null,                           -- pending, succeeded, failed
    amount bigint not null check (amount > 0),
    currency text not null,
    captured bigint not null,
    refunded bigint not null,
    reserved bigint not null,
    held_until bigint,                              -- a hold that is neither captured nor released
    intent text collate "C",
    customer text collate "C",
    transfer_group text,
    balance_transaction text collate "C",
    instruction text collate "C" not null,          -- the authorisation
    live text collate "C",                          -- a capture or void of a charge without an intent
    doc jsonb not null,
    primary key (scope, id),
    check (captured >= 0 and captured <= amount),
    check (refunded >= 0 and reserved >= 0 and refunded + reserved <= captured)
) with (fillfactor = 70);
create index charges_intent on charges (scope, intent, id) where intent is not null;
create index charges_customer on charges (scope, customer, id) where customer is not null;
create index charges_group on charges (scope, transfer_group, id) where transfer_group is not null;
create index charges_held on charges (held_until) where held_until is not null;

create table refunds (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    status text not null,                           -- asked, pending, succeeded, failed, canceled
    amount bigint not null check (amount > 0),
    currency text not null,
    charge text collate "C" not null,
    intent text collate "C",
    balance_transaction text collate "C",
    failure_balance_transaction text collate "C",
    instruction text collate "C" not null,
    doc jsonb not null,
    primary key (scope, id)
) with (fillfactor = 70);
create index refunds_charge on refunds (scope, charge, id);
create index refunds_intent on refunds (scope, intent, id) where intent is not null;

create table instructions (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    subject text collate "C" not null,
    verb text not null,                             -- authorize, capture, void, refund
    state text not null,                            -- open, reversing, closed
    rail text not null,
    reference text collate "C" not null,
    token text collate "C" not null,                -- the lease: only its holder sends and settles
    until bigint not null,                          -- microseconds of the database's clock
    tries int not null,
    card text collate "C",                          -- the vault's row
    envelope jsonb not null,
    said jsonb,                                     -- the rail's last word, masked
    call jsonb not null,                            -- what its answer needs: the key, the request, what is shown
    primary key (scope, id)
) with (fillfactor = 70);
create unique index instructions_live on instructions (scope, subject) where state = 'open'; -- a reversal needs no slot (F16)
create unique index instructions_reference on instructions (rail, reference);
create index instructions_due on instructions (until) where state <> 'closed';

create table discrepancies (                        -- what a person must see: it arrived, and no move allows it
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    kind text not null,
    about text collate "C" not null,
    said jsonb not null,
    closed bigint,
    primary key (scope, id)
);

create table notices (                              -- everything that arrives is stored before it is applied
    rail text not null,
    number bigint not null,
    reference text collate "C" not null,
    kind text not null,
    received bigint not null,
    applied bigint,
    primary key (rail, number)
);
create index notices_waiting on notices (received) where applied is null;
