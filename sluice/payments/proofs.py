"""What is proved of payments: status and sums are what their rows add up to, and what was told is what happened."""

from typing import Any

from sluice.books.verify import pairs, telling
from sluice.books.verify.checks import Check, Claim, Lie
from sluice.payments.charges import Charge
from sluice.payments.intents import Intent, derived
from sluice.store.rows import columns

NOUNS = {"pi": "intents", "ch": "charges", "re": "refunds", "cus": "customers", "pm": "payment_methods"}
AT_ONCE = 1_000  # rows in memory

INTENTS = f"""
select {", ".join(f"i.{name}" for name in columns(Intent))}, {", ".join(f"c.{name}" for name in columns(Charge))}
from intents i left join charges c on c.scope = $1 and c.id = i.latest_charge where i.scope = $1"""

LIVE = """
select i.id, coalesce(x.state, 'gone') found, 'an open instruction of this intent' expected
from intents i left join instructions x on x.scope = $1 and x.id = i.live
where i.scope = $1 and i.live is not null and (x.id is null or x.state = 'closed' or x.subject <> i.id)"""

FORGOTTEN = """
select x.id, 'open' found, 'closed, since ' || x.subject || ' does not wait for it' expected from instructions x
where x.scope = $1 and x.state = 'open' and (
    (x.subject like 'pi\\_%' and not exists (select from intents i where i.scope = $1 and i.id = x.subject and i.live = x.id))
    or (x.subject like 're\\_%' and x.verb = 'refund' and not exists (
        select from refunds r where r.scope = $1 and r.id = x.subject and r.status in ('asked', 'pending'))))"""

SAID = """
select id, 'closed' found, 'open, since the rail has not said anything' expected
from instructions where scope = $1 and state = 'closed' and said is null"""

SUMS = """
with sales as (
    select source, sum(amount) amount from balance_transactions where scope = $1 and type = 'charge' group by source
), backs as (
    select charge, sum(amount) filter (where status = 'succeeded') done,
        sum(amount) filter (where status in ('asked', 'pending')) held
    from refunds where scope = $1 group by charge
)
select c.id, format('%s, %s, %s', c.captured, c.refunded, c.reserved) found,
    format('%s, %s, %s', coalesce(s.amount, 0), coalesce(b.done, 0), coalesce(b.held, 0)) expected
from charges c left join sales s on s.source = c.id left join backs b on b.charge = c.id
where c.scope = $1 and (c.captured, c.refunded, c.reserved)
    is distinct from (coalesce(s.amount, 0), coalesce(b.done, 0), coalesce(b.held, 0))"""

BOUNDS = """
select id, format('%s of %s taken, %s back, %s on its way back', captured, amount, refunded, reserved) found,
    'within what was paid' expected
from charges where scope = $1 and not (
    captured between 0 and amount and refunded >= 0 and reserved >= 0 and refunded + reserved <= captured
    and (captured = 0 or (status = 'succeeded' and held_until is null)))"""

STATES = """
select c.id, c.status found, 'what the rail said: ' || coalesce(x.said ->> 'type', 'nothing') || ', ' || x.state expected
from charges c join instructions x on x.scope = $1 and x.id = c.instruction
where c.scope = $1 and (c.status = 'succeeded' and x.said ->> 'type' is distinct from 'Approved'
    or c.status = 'pending' and x.state = 'closed' or c.status not in ('succeeded', 'pending', 'failed'))"""

REFUNDS = """
select r.id, format('%s with %s and %s', r.status, coalesce(b.amount::text, 'none'), coalesce(f.amount::text, 'none')) found,
    case r.status when 'succeeded' then format('%s and none', -r.amount)
        when 'failed' then format('none and none, or %s and %s', -r.amount, r.amount) else 'none and none' end expected
from refunds r
left join balance_transactions b on b.scope = $1 and b.id = r.balance_transaction and b.source = r.id and b.type = 'refund'
left join balance_transactions f on f.scope = $1 and f.id = r.failure_balance_transaction and f.source = r.id
    and f.type = 'refund_failure'
where r.scope = $1 and not coalesce(
    case r.status when 'succeeded' then b.amount = -r.amount and r.failure_balance_transaction is null
        when 'failed' then b.amount = -r.amount and f.amount = r.amount
            or r.balance_transaction is null and r.failure_balance_transaction is null
        else r.balance_transaction is null and r.failure_balance_transaction is null end, false)"""

SOURCES = """
select b.id, format('%s of %s', b.type, b.source) found, 'named by its source' expected from balance_transactions b
where b.scope = $1 and not case b.type
    when 'charge' then exists (select from charges c where c.scope = $1 and c.id = b.source and c.balance_transaction = b.id)
    when 'refund' then exists (select from refunds r where r.scope = $1 and r.id = b.source and r.balance_transaction = b.id)
    when 'refund_failure'
        then exists (select from refunds r where r.scope = $1 and r.id = b.source and r.failure_balance_transaction = b.id)
    else false end"""

TOLD = """
select b.id, 'told by no event of its fact' found, 'told' expected from balance_transactions b
where b.scope = $1 and not exists (select from events e where e.scope = $1 and e.fact = b.id and e.type = any(
    case b.type when 'charge' then '{charge.succeeded,charge.captured}'::text[] when 'refund' then '{charge.refunded}'::text[]
        else '{refund.failed}'::text[] end))"""

EXPIRED = """
select x.id, 'told by no charge.expired' found, 'told' expected from instructions x
where x.scope = $1 and x.verb = 'void' and x.state = 'closed' and x.said ->> 'type' = 'Approved'
    and x.call -> 'extra' ->> 'expired' = 'true' and not exists (
        select from events e where e.scope = $1 and e.object = x.call ->> 'charge' and e.type = 'charge.expired')"""

KEYS = """
select k.key id, 'running' found, 'answered, since no instruction of it is open' expected from idempotency k
where k.scope = $1 and k.status is null and not exists (select from instructions x
    where x.scope = $1 and x.state <> 'closed' and x.call ->> 'key' = k.key and x.call ->> 'claim' = k.token)"""

# What each row owes to have told, exactly once where this is so of it, never where it is not.
OWES = (
    ("intents", "payment_intent.created", "true"),
    ("intents", "payment_intent.succeeded", "t.status = 'succeeded'"),
    ("intents", "payment_intent.canceled", "t.status = 'canceled'"),
    ("charges", "charge.succeeded", "t.status = 'succeeded'"),
    ("charges", "charge.failed", "t.status = 'failed'"),
    ("refunds", "refund.created", "t.status <> 'asked'"),
    ("refunds", "refund.failed", "t.status = 'failed'"),
    ("customers", "customer.created", "true"),
    ("customers", "customer.deleted", "t.deleted"),
)


def owes(table: str, type: str, when: str) -> Claim:
    sql = f"""select t.id, coalesce(e.told, 0) || ' times' found, case when {when} then 'once' else 'never' end expected
        from {table} t left join (
            select object, count(*) told from events where scope = $1 and type = '{type}' group by object) e on e.object = t.id
        where t.scope = $1 and coalesce(e.told, 0) <> case when {when} then 1 else 0 end"""
    return Claim(table, f"telling {type}", f"{type} was told when it happened", sql)


async def statuses(connection: Any, scope: int) -> Lie | None:
    """Every intent's status and sums, derived again from its rows by the one function that says them."""
    wide = len(columns(Intent))
    async for cells in connection.cursor(INTENTS, scope, prefetch=AT_ONCE):
        intent = Intent(*cells[:wide])
        charge = Charge(*cells[wide:]) if cells[wide] is not None else None
        again = derived(intent, charge)
        for name in ("status", "capturable", "received"):
            if getattr(intent, name) != getattr(again, name):
                return Lie("intents", intent.id, name, str(getattr(intent, name)), str(getattr(again, name)))
    return None


# What an intent is follows from its charge, and what a charge is from its sales and refunds: the deepest lie is named first.
CLAIMS = (
    Claim("balance_transactions", "source", "every balance transaction is named by its source", SOURCES),
    Claim("refunds", "status and balance transactions", "every refund has the balance transactions it owes", REFUNDS),
    Claim("charges", "captured, refunded, reserved", "every charge is the sum of its sales and refunds", SUMS),
    Claim("charges", "the sums", "no bound was passed", BOUNDS),
    Claim("charges", "status", "every charge is what its rail said", STATES),
    Claim("intents", "live", "every intent that waits has an open instruction", LIVE),
    Claim("instructions", "state", "every open instruction is waited for", FORGOTTEN),
    Claim("instructions", "state", "no instruction was closed without the rail's word", SAID),
    Claim("balance_transactions", "events", "every movement of money was told in its own fact", TOLD),
    Claim("instructions", "events", "every hold that expired was told", EXPIRED),
    Claim("idempotency", "status", "no key waits for an answer that will not come", KEYS),
)
EVERY: tuple[Check, ...] = (
    *(claim.check() for claim in (*pairs.CLAIMS, *telling.CLAIMS)),
    *(telling.about(prefix, table).check() for prefix, table in NOUNS.items()),
    telling.nobodys((*NOUNS, "we")).check(),  # of an endpoint the event may outlive the row
    *(claim.check() for claim in CLAIMS),
    Check("every intent's status and sums follow from its rows", statuses),
    *(owes(*one).check() for one in OWES),
)
