-- expand
-- How often an intent was tried in vain (B-5.22), and how often a card was declined lately (S14).
alter table intents add column attempts int not null default 0;

create table card_declines (
    scope bigint not null,
    id text not null,                               -- the card's fingerprint
    version int not null,
    since bigint not null,                          -- seconds; counted from here on
    declines int not null,
    primary key (scope, id)
);
create index card_declines_since on card_declines (since);
