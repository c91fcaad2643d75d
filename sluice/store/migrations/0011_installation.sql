-- expand
-- A restored backup's books end at `restored`: no rail is asked for anything new until all were asked what they know (F32).
alter table installation add column restored bigint;                -- seconds; null: nothing was restored, or it is done
alter table installation add column program text not null default '';   -- the version that was switched to; '': 0.1.0
