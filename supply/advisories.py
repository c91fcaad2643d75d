"""`./dev advisories [--from URL]`: known holes in the packages of the locks, as the OSV database has them.

Exit 1 with a line for each; where the database cannot be reached, one clear line and exit 0: a network that is away is no hole.
"""

import argparse
import json
from typing import Any
from urllib.request import Request, urlopen

from supply.lock import DEV, RUNTIME, Package, packages

OSV = "https://api.osv.dev"
PATIENCE = 10.0  # seconds
ANSWER_MOST = 16 << 20


class Unreachable(Exception):
    """The database gave no answer that can be read."""


def main(given: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev advisories")
    parser.add_argument("--from", dest="source", default=OSV, metavar="URL", help="a database that answers as OSV does")
    source = parser.parse_args(given).source
    asked = sorted({*packages(RUNTIME), *packages(DEV)})
    try:
        found = holes(asked, source)
    except Unreachable as why:
        print(f"advisories: NOT SCANNED, {source} cannot be reached ({why}). Run ./dev advisories where it can.")
        return 0
    for package, ids in found:
        print(f"advisories: {package.name} {package.version}: {', '.join(ids)}")
    print(f"advisories: {len(found)} of {len(asked)} locked packages have a known hole")
    return 1 if found else 0


def holes(asked: list[Package], source: str) -> list[tuple[Package, list[str]]]:
    queries = [{"package": {"name": each.name, "ecosystem": "PyPI"}, "version": each.version} for each in asked]
    answer = post(f"{source}/v1/querybatch", {"queries": queries})
    results = answer.get("results")
    if not isinstance(results, list) or len(results) != len(asked):
        raise Unreachable("its answer is not for what was asked")
    told = [[str(hole["id"]) for hole in (result or {}).get("vulns", [])] for result in results]
    return [(package, ids) for package, ids in zip(asked, told, strict=True) if ids]


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=PATIENCE) as said:
            found = json.loads(said.read(ANSWER_MOST))
    except (OSError, ValueError) as error:
        raise Unreachable(getattr(error, "reason", None) or error) from None
    if not isinstance(found, dict):
        raise Unreachable("its answer is no object")
    return found
