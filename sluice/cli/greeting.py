"""What `sluice up` says when it is ready: at most 20 lines, each of them usable as it stands (O1, O2)."""

import sys
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from sluice.cli.stack import Shop
from sluice.core.settings import Settings, reachable, read_settings


def greeting(settings: Settings, shop: Shop, inner: Mapping[str, str]) -> str:
    host, port = reachable(settings.host), settings.port
    url = f"http://{host}:{port}"
    where = "" if settings.data == read_settings().data else f" --data {quote(str(settings.data))}"
    call = 'amount=2000, currency="usd", payment_method="pm_card_visa", confirm=True'
    object = 'amount: 2000, currency: "usd", payment_method: "pm_card_visa", confirm: true'
    return f"""Sluice is ready: {url}  (test mode: no real money)
  publishable key  {shop.publishable_key}
  secret key       {shop.secret_key}
  webhook secret   {shop.webhook_secret}
Take a payment, without redirects, so that no return_url is needed:
curl {url}/v1/payment_intents -u {shop.secret_key}: \\
  -d amount=2000 -d currency=usd -d payment_method=pm_card_visa -d confirm=true \\
  -d "automatic_payment_methods[enabled]=true" -d "automatic_payment_methods[allow_redirects]=never"
In Python, where api_base is the one line that changes, and in Node, where it is host, port and protocol:
import stripe; stripe.api_key = "{shop.secret_key}"; stripe.api_base = "{url}"
print(stripe.PaymentIntent.create({call}, automatic_payment_methods={{"enabled": True, "allow_redirects": "never"}}).status)
const stripe = require("stripe")("{shop.secret_key}", {{host: "{host}", port: {port}, protocol: "http"}})
stripe.paymentIntents.create({{{object}, automatic_payment_methods: {{enabled: true, allow_redirects: "never"}}}})
Webhooks: {program()} events listen --forward http://localhost:4242/webhook{where}
Watch: {"  ".join(f"{address}/metrics" for address in inner.values())}
Not yet to be tried: the browser's card form.   Docs: {url}/docs
Data: {settings.data}   Stop: Ctrl-C"""


def program() -> str:
    """How this program is called from where the person stands."""
    return "sluice" if Path(sys.argv[0]).name == "sluice" else "./dev sluice"
