-- expand
-- What a shop keeps beside its payments: files and links to them, rates, tax ids, which methods are shown and where.
create table tax_rates (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    active boolean not null,
    inclusive boolean not null,
    percentage text not null,                       -- of 100, an exact decimal
    doc jsonb not null,
    primary key (scope, id)
);

create table shipping_rates (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    active boolean not null,
    currency text not null,
    amount bigint not null,
    doc jsonb not null,
    primary key (scope, id)
);

create table tax_ids (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    owner text collate "C" not null,                -- a customer, or the account itself
    type text not null,
    value text not null,
    primary key (scope, id)
);
create index tax_ids_owner on tax_ids (scope, owner, id);

create table files (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    purpose text not null,
    size bigint not null,
    type text not null,
    digest text collate "C" not null,               -- SHA-256 of what it holds, by which the store keeps it
    doc jsonb not null,
    primary key (scope, id)
);
create index files_purpose on files (scope, purpose, id);

create table file_links (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    file text collate "C" not null,
    expires bigint not null,                        -- far away: never
    token text collate "C" not null unique,         -- whoever has it may read the file
    doc jsonb not null,
    primary key (scope, id)
);
create index file_links_file on file_links (scope, file, id);

create table payment_method_configurations (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    active boolean not null,
    is_default boolean not null,
    application text,
    doc jsonb not null,
    primary key (scope, id)
);
create unique index payment_method_configurations_default on payment_method_configurations (scope) where is_default;

create table payment_method_domains (
    scope bigint not null,
    id text collate "C" not null,
    version int not null,
    created bigint not null,
    domain_name text not null,
    enabled boolean not null,
    doc jsonb not null,
    primary key (scope, id)
);
create unique index payment_method_domains_name on payment_method_domains (scope, domain_name);
