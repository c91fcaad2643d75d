"""Lies, as the database's superuser could plant them: what is done to the books, and the words that name it."""

SALE = "(select balance_transaction from charges where scope = 1 and captured = 2500)"
TAKEN = "(select fact from postings where scope = 1 and fact not in (select fact from outbox) limit 1)"

# A lie -> (SQL, statements parted by semicolons; what the proof says of it).
LIES: dict[str, tuple[str, str]] = {
    "a posting's amount": (
        f"update postings set amount = amount + 1 where n = 0 and fact = {SALE}",
        "balance_transactions txn_",
    ),
    "a posting's direction": (
        f"update postings set debit = credit, credit = debit where n = 0 and fact = {SALE}",
        "balance_tr",
    ),
    "a posting's account": (
        f"update postings set credit = 'mine' where n = 0 and fact = {SALE}",
        "postings txn_",
    ),
    "a posting's currency": (
        f"update postings set currency = 'eur' where n = 0 and fact = {SALE}",
        "balance_transactions txn_",
    ),
    "a posting dropped": (
        f"delete from postings where n = 0 and fact = {SALE}",
        "postings txn_",
    ),
    "a last posting dropped": (
        f"delete from postings where n = 1 and fact = {SALE}",
        "balance_transactions txn_",
    ),
    "a posting doubled": (
        f"""insert into postings select scope, fact, 2, debit, credit, amount, currency from postings where n =
        0 and fact = {SALE}""",
        "balance_transactions txn_",
    ),
    "a posting of nobody": (
        "insert into postings values (1, 'txn_mine', 0, 'rail', 'available', 5, 'usd')",
        "postings txn_mine",
    ),
    "a maturing's amounts swapped": (
        """update postings set amount = amount + case n when 0 then 1 else -1 end where scope = 1 and n in (0,
        1) and fact = (select fact from events where type = 'balance.available' limit 1)""",
        "postings fact_",
    ),
    "a maturing undone": (
        """update balance_transactions set matured = null where id = (select id from balance_transactions where
        matured <> id limit 1)""",
        "postings fact_",
    ),
    "a header's net": (
        f"""alter table balance_transactions drop constraint balance_transactions_check; update
        balance_transactions set net = net + 1 where id = {SALE}""",
        "gross, fee, net",
    ),
    "a header's gross and net": (
        f"update balance_transactions set amount = amount + 1, net = net + 1 where id = {SALE}",
        "gross",
    ),
    "a header's place": (
        f"update balance_transactions set matured = null where id = {SALE}",
        "matured is pending",
    ),
    "a header dropped": (
        f"delete from balance_transactions where id = {SALE}",
        "nobody's",
    ),
    "a header of another source": (
        f"update balance_transactions set source = 'ch_other' where id = {SALE}",
        "ch_other",
    ),
    "a roll-up": (
        "update balances set amount = amount + 1 where scope = 1 and account = 'fees'",
        "balances fees usd: amount is",
    ),
    "a roll-up dropped": (
        "delete from balances where scope = 1 and account = 'rail'",
        "balances rail usd: amount is 0",
    ),
    "an outbox row dropped": (
        "delete from outbox where n = (select max(n) from outbox)",
        "amount is",
    ),
    "an outbox row doubled": (
        "insert into outbox (scope, fact) select scope, fact from outbox limit 1",
        "should be one row",
    ),
    "an outbox row back": (
        f"insert into outbox (scope, fact) values (1, {TAKEN})",
        "balances ",
    ),
    "an outbox row of nothing": (
        "insert into outbox (scope, fact) values (1, 'fact_mine')",
        "outbox fact_mine",
    ),
    "an event dropped": (
        "delete from events where type = 'charge.captured'",
        "which is gone",
    ),
    "an event and its number dropped": (
        """delete from event_numbers where event in (select id from events where type = 'charge.captured');
        delete from events where type = 'charge.captured'""",
        "event_numbers ",
    ),
    "a waiting event dropped": (
        "delete from events where type = 'refund.created' and fact in (select fact from outbox)",
        "outbox fact_",
    ),
    "a last number dropped": (
        "delete from event_numbers where number = (select max(number) from event_numbers)",
        "numbered is",
    ),
    "an event's version raised": (
        "update events set object_version = 99 where type = 'charge.captured'",
        "object_version is",
    ),
    "an event's version lowered": (
        "update events set object_version = 0 where type = 'refund.failed'",
        "object_version is 0",
    ),
    "an event's object": (
        "update events set object = 'ch_mine' where type = 'charge.captured'",
        "data.object.id is",
    ),
    "an event of an unknown noun": (
        """update events set object = 'zz_1', data = '{"object": {"id": "zz_1"}}' where type =
        'charge.captured'""",
        "zz_1",
    ),
    "an event's type": (
        "update events set type = 'charge.updated' where type = 'charge.failed'",
        "telling charge.failed is 0",
    ),
    "a told sale untold": (
        "update events set type = 'charge.updated' where type = 'charge.captured'",
        "told by no event",
    ),
    "a balance that was never so": (
        "update events set object_version = 9 where object = 'balance'",
        "should be at most 1",
    ),
    "a balance untold": (
        "update events set type = 'charge.updated' where object = 'balance'",
        "should be one balance.available",
    ),
    "an intent ahead": (
        "update intents set version = 0 where amount = 1000",
        "of pi_",
    ),
    "a charge gone": (
        "delete from charges where status = 'failed'",
        "of an object that is there",
    ),
    "a refund ahead": (
        "update refunds set version = 0 where amount = 400",
        "of re_",
    ),
    "a customer gone": (
        "delete from customers where not deleted",
        "of an object that is there",
    ),
    "a method ahead": (
        "update payment_methods set version = 0 where state = 'attached'",
        "of pm_",
    ),
    "a creation untold": (
        "update events set type = 'charge.updated' where type = 'payment_intent.created'",
        "payment_intent.created",
    ),
    "a success untold": (
        "update events set type = 'charge.updated' where type = 'payment_intent.succeeded'",
        "intent.succeeded",
    ),
    "an end untold": (
        "update events set type = 'charge.updated' where type = 'payment_intent.canceled'",
        "intent.canceled",
    ),
    "an approval untold": (
        "update events set type = 'charge.captured' where type = 'charge.succeeded'",
        "telling charge.succeeded",
    ),
    "a refund untold": (
        "update events set type = 'charge.updated' where type = 'refund.created'",
        "telling refund.created",
    ),
    "a failure told twice": (
        "update events set type = 'refund.failed' where type = 'charge.refund.updated'",
        "refund.failed is ",
    ),
    "a customer untold": (
        "update events set type = 'charge.updated' where type = 'customer.created'",
        "customer.created is 0",
    ),
    "a deletion untold": (
        "update events set type = 'charge.updated' where type = 'customer.deleted'",
        "customer.deleted is 0",
    ),
    "an intent's status": (
        "update intents set status = 'canceled' where amount = 1000",
        "status is canceled, should be succeeded",
    ),
    "an intent's sum": (
        "update intents set received = 1 where amount = 1000",
        "received is 1, should be 1000",
    ),
    "an intent's hold": (
        "update intents set capturable = 1 where amount = 1300",
        "capturable is 1, should be 1300",
    ),
    "an intent that waits for nothing": (
        "update intents set live = 'ask_mine', status = 'processing' where amount = 1300",
        "gone",
    ),
    "a charge's refunds": (
        "update charges set refunded = refunded + 1 where captured = 1000",
        "captured, refunded, reserved",
    ),
    "a charge's reservation": (
        "update charges set reserved = 0 where captured = 950",
        "captured, refunded, reserved",
    ),
    "a charge's status": (
        "update charges set status = 'succeeded' where status = 'failed'",
        "what the rail said: Declined",
    ),
    "a charge's bound": (
        """alter table charges drop constraint charges_check1; alter table charges drop constraint
        charges_check; update charges set captured = 2000 where captured = 2500""",
        "charges ch_",
    ),
    "a hold that was taken": (
        "update charges set held_until = 9 where captured = 2500",
        "within what was paid",
    ),
    "a refund's amount": (
        "update refunds set amount = 401 where amount = 400",
        "should be -401 and none",
    ),
    "a refund's status": (
        "update refunds set status = 'failed' where amount = 400; update charges set refunded = 0 where captured = 1000",
        "status and balance transactions",
    ),
    "a refund's header": (
        "update refunds set balance_transaction = null where amount = 400",
        "named by its source",
    ),
    "an open instruction closed": (
        "update instructions set state = 'closed', said = null where state = 'open'",
        "rail has not",
    ),
    "a closed instruction open": (
        """update instructions set state = 'open' where id = (select i.id from instructions i join intents n on
        n.id = i.subject and n.amount = 1000)""",
        "does not wait for it",
    ),
    "a key that never ends": (
        "insert into idempotency (scope, key, fingerprint, token, request, created) values (1, 'k', 'f', 't', 'r', 0)",
        "idempotency k: status is running",
    ),
    "an expiry untold": (
        "update events set type = 'charge.updated' where type = 'charge.expired'",
        "no charge.expired",
    ),
}
