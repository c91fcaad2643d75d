"""Thousands of payments in flight, cheaply: the rows of a real one, whose bank never answered, copied in SQL."""

from tests.harness import Shop

UNANSWERED = "cut-before-booking"  # the line broke, and the bank has never heard of it
LONG_AGO = 3_600  # seconds: as after an hour's outage
ONE = "select id, subject, call ->> 'method' method from instructions where scope = $1 and state = 'open'"
NAME = "'{prefix}_seed' || lpad(g.n::text, 20, '0')"
INSTRUCTION, INTENT, METHOD, CHARGE = (NAME.format(prefix=prefix) for prefix in ("ins", "pi", "pm", "ch"))
COPY = """insert into {table} select r.* from {table} t, generate_series(1, $3::int) g (n),
    jsonb_populate_record(t, jsonb_build_object({fields})) r where t.scope = $1 and t.id = $2"""
METHODS = COPY.format(table="payment_methods", fields=f"'id', {METHOD}")
INTENTS = COPY.format(table="intents", fields=f"'id', {INTENT}, 'live', {INSTRUCTION}, 'payment_method', {METHOD}")
REFERENCE = "t.reference || '-' || g.n"
INSTRUCTIONS = COPY.format(
    table="instructions",
    fields=f"""'id', {INSTRUCTION}, 'subject', {INTENT}, 'reference', {REFERENCE}, 'until', g.n,
        'created', t.created - {LONG_AGO} + g.n / 100, 'envelope', t.envelope || jsonb_build_object('reference', {REFERENCE}),
        'call', t.call || jsonb_build_object('charge', {CHARGE}, 'method', {METHOD})""",
)
TOLD = f"""with told as (insert into events select r.* from events t, generate_series(1, $3::int) g (n),
        jsonb_populate_record(t, jsonb_build_object('id', 'evt_' || g.n || substr(t.id, 5), 'object', {INTENT},
            'fact', t.fact || '-' || g.n, 'data', replace(t.data, $2, {INTENT}))) r where t.scope = $1 and t.object = $2
        returning scope, fact)
    insert into outbox (scope, fact) select distinct scope, fact from told order by fact"""
OLDEST = "select min(id) id from instructions where scope = $1 and id like '%seed%'"


async def seed(shop: Shop, count: int) -> str:
    """So many more instructions that nobody answered, the oldest first by their ids, due at once. Answers the oldest's id."""
    database = shop.gateway.database
    (one,) = await database.fetch(ONE, shop.scope)
    for sql, id in ((METHODS, one["method"]), (INTENTS, one["subject"]), (INSTRUCTIONS, one["id"]), (TOLD, one["subject"])):
        await database.execute(sql, shop.scope, id, count)
    return str((await database.fetch(OLDEST, shop.scope))[0]["id"])
