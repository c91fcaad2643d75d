"""A shop that pays in a loop through a gateway, and says at the end whether what it was answered still holds.

python pay.py URL KEY SECONDS FILE    pays for so long, and writes what was answered to FILE
python pay.py URL KEY check FILE      compares: nothing lost, nothing paid twice
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

BUYERS = 4
ACTS = {"automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never"}
PAYS = {"amount": "2000", "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true", **ACTS}
AGAIN = (409, 429, 500, 503)  # what an SDK sends again, under the same key


def main() -> None:
    url, key, what, file = sys.argv[1:]
    shop = Shop(url, key)
    if what == "check":
        check(shop, json.loads(Path(file).read_text()))
        return
    until = time.monotonic() + float(what)
    with ThreadPoolExecutor(BUYERS) as pool:
        answered = [one for buyer in pool.map(lambda n: pay(shop, n, until), range(BUYERS)) for one in buyer]
    Path(file).write_text(json.dumps(answered))
    moments = sorted(one["at"] for one in answered)
    silence = max(later - earlier for earlier, later in pairwise(moments))
    print(f"{len(answered)} payments answered in {what} s; the longest time without an answer: {silence:.1f} s")


class Shop:
    """Calls by one API key."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.head = url, {"Authorization": f"Bearer {key}"}

    def call(self, path: str, params: dict[str, str] | None = None, key: str = "") -> tuple[int, dict]:
        """The status, 0 where there was no answer, and the body."""
        body = urlencode(params).encode() if params else None
        head = self.head | ({"Idempotency-Key": key} if key else {})
        try:
            with urlopen(Request(self.url + path, body, head), timeout=60) as said:
                return said.status, json.load(said)
        except HTTPError as refused:
            return refused.code, json.load(refused)
        except OSError:
            return 0, {}


def pay(shop: Shop, buyer: int, until: float) -> list[dict]:
    """Payment after payment, each under a key of its own, the same key again until there is an answer."""
    answered, number = [], 0
    while time.monotonic() < until:
        number += 1
        key, status = f"buyer {buyer} pays {number} {until}", 0
        while status == 0 or status in AGAIN:
            status, body = shop.call("/v1/payment_intents", PAYS, key)
            if status == 0 or status in AGAIN:
                time.sleep(0.1)
        intent = body if status == 200 else body["error"]["payment_intent"]
        answered.append({"key": key, "status": status, "id": intent["id"], "at": time.monotonic()})
    return answered


def check(shop: Shop, answered: list[dict]) -> None:
    lost = [one for one in answered if shop.call(f"/v1/payment_intents/{one['id']}")[0] != 200]
    again = [shop.call("/v1/payment_intents", PAYS, one["key"]) for one in answered]
    other = [
        one
        for one, (status, body) in zip(answered, again, strict=True)
        if status != one["status"] or (body if status == 200 else body["error"]["payment_intent"])["id"] != one["id"]
    ]
    print(f"of {len(answered)} payments that were answered {len(lost)} are lost, {len(other)} would be made again")
    sys.exit(bool(lost or other))


main()
