"""The challenge page of B-6.9: the sandbox's issuer asks its buyer. With a browser or without: POST `outcome=complete|fail`.

The gateway serves the page and asks the sandbox's bank for the outcome; what is typed here is never believed by itself.
"""

import html
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sluice.api.door import Door
from sluice.api.requests import Asked
from sluice.books.audit.entries import Who
from sluice.core import limits
from sluice.core.clock import clock
from sluice.core.errors import Refused
from sluice.core.ids import chance, new_id
from sluice.merchants.accounts import merchant_of
from sluice.payments import challenges, money_path
from sluice.payments.answers import error
from sluice.payments.desk import Desk
from sluice.payments.instructions import Instruction
from sluice.payments.intents import Intent
from sluice.rails.sandbox.rail import Sandbox
from sluice.rails.types import Deadline
from sluice.rules.calls import Call
from sluice.store.reads import Rows

OUTCOMES = ("complete", "fail")
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action *; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
WORDS = {
    "en": ("Test bank", "Confirm the payment of {money}.", "Complete", "Fail", "This is a test: no money moves."),
    "ru": ("Тестовый банк", "Подтвердите оплату {money}.", "Подтвердить", "Отклонить", "Это проверка: деньги не переводятся."),
}
PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · TEST</title>
<style>
body {{ font: 18px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 3rem auto; padding: 0 1rem; color: #1d2733 }}
button {{ font: inherit; color: inherit; background: #fff; min-height: 48px; width: 100%; margin: .4rem 0; cursor: pointer;
  border: 1px solid #1d2733; border-radius: 8px }}
button.yes {{ background: #1f5fbf; border-color: #1f5fbf; color: #fff }}
small {{ color: #55606c }}
</style></head>
<body><main><h1>{title}</h1><p role="status">{text}</p>
<form method="post"><button class="yes" name="outcome" value="complete">{yes}</button>
<button name="outcome" value="fail">{no}</button></form><small>{note}</small></main></body></html>
"""


def challenge_routes(desk: Desk, door: Door) -> list[BaseRoute]:
    async def show(request: Request) -> Response:
        try:
            _, rows = await found(desk, request.path_params["reference"])
            intent, _ = challenges.waiting(rows)
        except Refused as refusal:
            return HTMLResponse(html.escape(refusal.message), refusal.status, HEADERS)
        lang = "ru" if request.headers.get("accept-language", "").lower().startswith("ru") else "en"
        title, text, yes, no, note = WORDS[lang]
        text = html.escape(text.format(money=intent.money))
        return HTMLResponse(PAGE.format(lang=lang, title=title, text=text, yes=yes, no=no, note=note), headers=HEADERS)

    async def answer(request: Request) -> Response:
        try:
            asked = Asked(request.scope, request.receive)
            tree = await asked.parameters()
            outcome = tree.root.get("outcome")
            if outcome not in OUTCOMES:
                raise Refused("Invalid outcome: must be one of complete or fail", param="outcome")
            return await answered(desk, door, request.path_params["reference"], str(outcome), door.peer(asked))
        except Refused as refusal:
            return Response(error(refusal, True, desk.public_url), refusal.status, HEADERS, "application/json")

    path = "/challenge/{reference}"
    return [Route(path, show, methods=["GET"]), Route(path, answer, methods=["POST"])]


async def found(desk: Desk, reference: str) -> tuple[int, Rows]:
    """The scope and the rows of a challenge; its reference is the secret that names it."""
    text = reference.isprintable()
    record = await desk.database.fetchrow(challenges.BY_REFERENCE, list(desk.rails), reference) if text else None
    if record is None:
        raise Refused("There is no such authentication.", status=404)
    _, rows = await desk.database.load(record["scope"], None, challenges.LOADS, record["id"])
    return record["scope"], rows


async def answered(desk: Desk, door: Door, reference: str, outcome: str, address: str) -> Response:
    """The buyer's word goes to the bank; then the authorisation is asked for again, and the bank says what came of it."""
    scope, rows = await found(desk, reference)
    intent, instruction = challenges.waiting(rows)
    await inform(desk, instruction, outcome)
    merchant, livemode = await merchant_of(desk.database, scope)
    call = Call(
        operation="PostPaymentIntentsIntentConfirm", path="", scope=scope, livemode=livemode, account=merchant,
        at=clock.seconds(),
        request=f"req_{chance(14)}", vault=desk.vault, ids={"instruction": instruction.id}, key=new_id("auto_"),
        rails=desk.accounts(scope), terms=door.terms, public_url=desk.public_url,
        who=Who("buyer", "challenge page", address),
    )  # fmt: skip
    await money_path.run(desk, challenges.AUTHENTICATE, call)
    after = await desk.database.one(Intent, scope, intent.id)
    if after is None:
        raise LookupError(intent.id)
    back = instruction.asked.extra.get("return_url")
    return (
        RedirectResponse(returning(back, after), 303, HEADERS) if back else JSONResponse({"status": after.status}, 200, HEADERS)
    )


async def inform(desk: Desk, instruction: Instruction, outcome: str) -> None:
    rail = await desk.rail(instruction.rail)
    assert isinstance(rail, Sandbox), "only the sandbox's issuer has its page here"
    try:
        counts = await rail.answer_challenge(challenges.challenge(instruction), outcome, Deadline.after(limits.RAIL_SECONDS))
    except (OSError, TimeoutError):
        raise Refused("The bank does not answer now. Try again in a moment.", status=503, type="api_error") from None
    if counts is None:
        raise Refused(challenges.OVER, status=410)


def returning(url: str, intent: Intent) -> str:
    """B-5.11: the buyer goes back to the shop, with what it needs to look the payment up."""
    ends = {"succeeded": "succeeded", "requires_capture": "succeeded", "processing": "pending"}
    query = urlencode({
        "payment_intent": intent.id, "payment_intent_client_secret": intent.client_secret,
        "redirect_status": ends.get(intent.status, "failed"),
    })  # fmt: skip
    parts = urlsplit(url)
    return parts._replace(query=f"{parts.query}&{query}" if parts.query else query).geturl()
