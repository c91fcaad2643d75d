-- expand
-- Stands in every reference to a rail, so that two installations at one bank account never touch each other's messages (F32).
alter table installation add column mark text not null default '';  -- drawn by `migrate`; '': not yet
