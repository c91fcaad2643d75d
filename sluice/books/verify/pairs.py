"""What is proved of postings, their headers, and the roll-ups (Law 2, F39, F40)."""

from sluice.books.verify.checks import Claim

LEGAL = """('rail', 'pending'), ('rail', 'available'), ('pending', 'fees'), ('available', 'fees'), ('pending', 'rail'),
    ('available', 'rail'), ('pending', 'available'), ('available', 'pending')"""

PAIRS = f"""
select fact || ' n ' || n id, format('%s %s from %s to %s', amount, currency, debit, credit) found,
    'more than nothing, between two accounts that meet' expected
from postings where scope = $1 and (amount <= 0 or (debit, credit) not in ({LEGAL}))"""

NUMBERED = """
select fact id, format('%s rows from %s to %s', count(*), min(n), max(n)) found, 'from 0 on without a gap' expected
from postings where scope = $1 group by fact having min(n) <> 0 or max(n) <> count(*) - 1"""

OWNED = """
select p.fact id, 'nobody''s' found, 'a balance transaction''s, or the maturing''s of one' expected
from postings p where p.scope = $1
    and not exists (select from balance_transactions b where b.scope = $1 and b.id = p.fact)
    and not exists (select from balance_transactions b where b.scope = $1 and b.matured = p.fact)"""

# What the postings of a fact took from the rail, gave to fees, and left to the shop.
SUMS = """
with moved as (
    select fact, sum(case when debit = 'rail' then amount when credit = 'rail' then -amount else 0 end) gross,
        sum(case when credit = 'fees' then amount else 0 end) fee,
        sum(case when credit in ('pending', 'available') then amount else 0 end
            - case when debit in ('pending', 'available') then amount else 0 end) net
    from postings where scope = $1 group by fact
)
select b.id, format('%s, %s, %s', b.amount, b.fee, b.net) found,
    format('%s, %s, %s by its postings', coalesce(m.gross, 0), coalesce(m.fee, 0), coalesce(m.net, 0)) expected
from balance_transactions b left join moved m on m.fact = b.id
where b.scope = $1
    and (b.amount, b.fee, b.net) is distinct from (coalesce(m.gross, 0), coalesce(m.fee, 0), coalesce(m.net, 0))"""

FEES = """
select id, format('%s, %s, %s', amount, fee, net) found, 'gross less fee, and the fee its details'' sum' expected
from balance_transactions where scope = $1 and (net <> amount - fee
    or fee <> (select coalesce(sum((f ->> 'amount')::numeric), 0) from jsonb_array_elements(doc -> 'fee_details') f))"""

CURRENCIES = """
select b.id, b.currency found, p.currency || ' as its postings' expected
from balance_transactions b join postings p on p.scope = $1 and p.fact = b.id where b.scope = $1 and p.currency <> b.currency"""

PLACES = """
select b.id, coalesce(b.matured, 'pending') found,
    case when 'available' in (p.debit, p.credit) then 'available' else 'pending' end || ' as its postings' expected
from balance_transactions b join postings p on p.scope = $1 and p.fact = b.id
where b.scope = $1 and ('available' in (p.debit, p.credit)) <> (b.matured is not distinct from b.id)"""

MATURED = """
with due as (
    select matured fact, currency, array_agg(net::numeric order by net) nets from balance_transactions
    where scope = $1 and matured <> id and net <> 0 group by matured, currency
), moved as (
    select fact, currency, array_agg(sum order by sum) nets from (
        select fact, currency, case debit when 'pending' then amount else -amount end sum from postings
        where scope = $1 and (debit, credit) in (('pending', 'available'), ('available', 'pending'))
    ) pairs group by fact, currency
)
select fact id, coalesce(moved.nets::text, 'nothing') found, coalesce(due.nets::text, 'nothing') expected
from due full join moved using (fact, currency) where due.nets is distinct from moved.nets"""

ROLLED = """
with taken as (
    select p.debit, p.credit, p.amount, p.currency from postings p
    where p.scope = $1 and not exists (select from outbox o where o.scope = $1 and o.fact = p.fact)
), moved as (
    select account, currency, sum(amount) amount from (
        select credit account, currency, amount from taken union all select debit, currency, -amount from taken
    ) sides group by account, currency
), kept as (
    select account, currency, amount from balances where scope = $1
)
select account || ' ' || currency id, coalesce(kept.amount, 0) found, coalesce(moved.amount, 0) || ' by the postings' expected
from kept full join moved using (account, currency) where coalesce(kept.amount, 0) <> coalesce(moved.amount, 0)"""

CLAIMS = (
    Claim("postings", "the pair", "every posting moves money between two accounts that meet", PAIRS),
    Claim("postings", "n", "no posting is missing from its fact", NUMBERED),
    Claim("postings", "the fact", "every posting belongs to a balance transaction", OWNED),
    Claim("balance_transactions", "gross, fee, net", "every balance transaction is the sum of its postings", SUMS),
    Claim("balance_transactions", "gross, fee, net", "every net is gross less fees", FEES),
    Claim("balance_transactions", "currency", "no fact mixes currencies", CURRENCIES),
    Claim("balance_transactions", "matured", "money stands where its balance transaction says", PLACES),
    Claim("postings", "what became available", "what matured was moved once, as it was earned", MATURED),
    Claim("balances", "amount", "every roll-up is the sum of the postings taken", ROLLED),
)
