"""What is proved of events, their numbers and the outbox (Law 3)."""

from sluice.books.verify.checks import Claim

ONCE = """
select fact id, count(*) || ' rows' found, 'one row' expected from outbox where scope = $1 group by fact having count(*) > 1"""

OWED = """
select o.fact id, 'nothing' found, 'postings or events' expected from outbox o where o.scope = $1
    and not exists (select from postings p where p.scope = $1 and p.fact = o.fact)
    and not exists (select from events e where e.scope = $1 and e.fact = o.fact)"""

CONTIGUOUS = """
select number id, number found, before + 1 expected
from (select number, lag(number, 1, 0::bigint) over (order by number) before from event_numbers where scope = $1) numbers
where number <> before + 1"""

LAST = """
select s.scope id, s.numbered found, coalesce(n.last, 0) expected
from scopes s cross join (select max(number) last from event_numbers where scope = $1) n
where s.scope = $1 and s.numbered <> coalesce(n.last, 0)"""

THERE = """
select n.number id, n.event || ', which is gone' found, 'an event' expected from event_numbers n
where n.scope = $1 and not exists (select from events e where e.scope = $1 and e.id = n.event)"""

TAKEN = """
select id, case when numbered then 'both' else 'neither' end found, 'one of the two' expected from (
    select e.id, exists (select from event_numbers n where n.scope = $1 and n.event = e.id) numbered,
        exists (select from outbox o where o.scope = $1 and o.fact = e.fact) waits
    from events e where e.scope = $1
) told where numbered = waits"""

NUMBERED = """
select fact id, format('%s events from %s to %s', count(*), min(n), max(n)) found, 'from 0 on without a gap' expected
from events where scope = $1 group by fact having min(n) <> 0 or max(n) <> count(*) - 1"""

SHOWN = """
select id, coalesce(data::jsonb -> 'object' ->> 'id', 'nothing') found, object expected from events
where scope = $1 and object <> 'balance' and data::jsonb -> 'object' ->> 'id' is distinct from object"""

# Events of one fact share their object's version; another fact's is higher.
RISING = """
select id, object_version || ' after ' || before found, 'a higher one' expected from (
    select e.id, e.fact, e.object_version, lag(e.object_version) over w before, lag(e.fact) over w fact_before
    from event_numbers n join events e on e.scope = $1 and e.id = n.event
    where n.scope = $1 window w as (partition by e.object order by n.number)
) told where object_version < before or (object_version = before) <> (fact = fact_before)"""

BALANCE = """
select e.id, e.object_version found, 'at most ' || s.matured expected from events e join scopes s on s.scope = $1
where e.scope = $1 and e.object = 'balance' and e.object_version > s.matured"""

MATURED = """
select b.matured id, count(distinct e.id) found, 'one balance.available' expected
from balance_transactions b left join events e on e.scope = $1 and e.fact = b.matured and e.type = 'balance.available'
where b.scope = $1 and b.matured <> b.id group by b.matured having count(distinct e.id) <> 1"""

CLAIMS = (
    Claim("outbox", "the fact", "no fact is owed twice", ONCE),
    Claim("outbox", "what the fact owes", "every fact that is owed is there", OWED),
    Claim("event_numbers", "number", "event numbers have no gap", CONTIGUOUS),
    Claim("scopes", "numbered", "the last number is the last event's", LAST),
    Claim("event_numbers", "event", "every numbered event is there", THERE),
    Claim("events", "numbered or in the outbox", "every event is numbered, or waits in the outbox", TAKEN),
    Claim("events", "n", "no event is missing from its fact", NUMBERED),
    Claim("events", "data.object.id", "every event shows its own object", SHOWN),
    Claim("events", "object_version", "every object's versions rise", RISING),
    Claim("events", "object_version", "no event is ahead of the balance", BALANCE),
    Claim("events", "of the maturing", "what became available was told once", MATURED),
)


def about(prefix: str, table: str) -> Claim:
    """The objects of one noun: each is there, and no event is ahead of it."""
    sql = f"""select e.id, format('%s of %s', e.object_version, e.object) found,
            coalesce('at most ' || t.version, 'of an object that is there') expected
        from events e left join {table} t on t.scope = $1 and t.id = e.object
        where e.scope = $1 and e.object like '{prefix}\\_%' and (t.id is null or e.object_version > t.version)"""
    return Claim("events", "object_version", f"no event is ahead of its row in {table}", sql)


def nobodys(prefixes: tuple[str, ...]) -> Claim:
    """Objects of nouns that the proof does not know."""
    known = " and ".join(f"object not like '{prefix}\\_%'" for prefix in prefixes)
    sql = f"""select id, object found, 'of a noun that is known' expected from events
        where scope = $1 and object <> 'balance' and {known}"""
    return Claim("events", "object", "every event is about something that we know", sql)
