"""The judge of every answer: the contract's shapes as JSON Schema, by the steps of docs/wire/README.md.

A second reading of the shapes: nothing of `sluice.shapes` but the loaded data is used.
"""

import json
from functools import cache, lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from sluice.shapes import contract
from sluice.shapes.routes import route

Schema = dict[str, Any]


class Broken(AssertionError):
    """An answer that the contract does not allow."""


class Contract:
    """Checks answers; validators are made once in a process and shared."""

    def check(self, method: str, path: str, status: int, body: bytes, secret_key: bool = True) -> None:
        """Raises `Broken` where an answer breaks the contract. `path`: as requested, a query does not matter.

        `secret_key`: a secret key asked, so every nullable key must be there (B-4.6, README 4).
        """
        where = f"{method} {path} {status}"
        answer = self.decoded(body, where)
        if 200 <= status < 300:
            self.check_success(method, path.partition("?")[0], answer, secret_key, where)
        else:
            self.check_error(answer, secret_key, where)

    def decoded(self, body: bytes, where: str) -> Any:
        try:
            return json.loads(body.decode())
        except ValueError as error:
            raise Broken(f"{where}: every body is JSON (B-1.46): {error}") from None

    def check_success(self, method: str, path: str, answer: Any, secret_key: bool, where: str) -> None:
        found = route("GET" if method == "HEAD" else method, path)
        if found is None:
            raise Broken(f"{where}: the contract has no such operation")
        if "error" in answer:
            raise Broken(f"{where}: a success never has `error` (B-1.46)")
        judge(answer_validator(found[0].id, secret_key), answer, where)
        for event in events(answer):
            self.check_event(event, secret_key, where)

    def check_error(self, answer: Any, secret_key: bool, where: str) -> None:
        """B-2.1: the envelope, its keys in order; a code is one that the lists know (B-2.26)."""
        judge(schema_validator("error", secret_key), answer, where)
        error = answer["error"]
        if list(error) != sorted(error) or None in error.values():
            raise Broken(f"{where}: keys of the envelope are sorted, and there only with a value (B-2.1): {list(error)}")
        if "code" in error and error["code"] not in contract.error_codes():
            raise Broken(f"{where}: unknown error code {error['code']}")

    def check_event(self, event: Any, secret_key: bool = True, where: str = "event") -> None:
        """An event, as it is listed or delivered: a known type, its object of a known shape and unexpanded (B-5.75)."""
        judge(schema_validator("event", secret_key), event, where)
        if event["type"] not in contract.event_types():
            raise Broken(f"{where}: unknown event type {event['type']} (B-4.9)")
        shown = event["data"]["object"]
        if contract.has_schema(shown.get("object", "")):
            judge(schema_validator(shown["object"], secret_key), shown, f"{where} {event['type']}")


def events(answer: Any) -> list[Any]:
    items = answer["data"] if answer.get("object") == "list" else [answer]
    return [each for each in items if each.get("object") == "event"]


def judge(validator: Draft202012Validator, answer: Any, where: str) -> None:
    if not validator.is_valid(answer):
        error = best_match(validator.iter_errors(answer))
        assert error is not None
        raise Broken(f"{where}: {error.json_path}: {error.message[:600]}")


@lru_cache(512)
def answer_validator(id: str, secret_key: bool) -> Draft202012Validator:
    return Draft202012Validator(closed(contract.operation(id).answer, "", secret_key), registry=shapes(secret_key))


@lru_cache(512)
def schema_validator(name: str, secret_key: bool) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"urn:{name}"}, registry=shapes(secret_key))


@cache
def shapes(secret_key: bool) -> Registry[Any]:
    """Every schema of the contract, each a resource of its own."""
    found = ((f"urn:{name}", closed(contract.schema(name), name, secret_key)) for name in contract.schema_names())
    return Registry().with_resources((uri, DRAFT202012.create_resource(each)) for uri, each in found).crawl()


def closed(given: Schema, name: str, secret_key: bool) -> Schema:
    """JSON Schema of a schema (README 2), the component `name` or "": no unknown keys, and for secret keys no absent null."""
    if "$ref" in given:
        shape: Schema = {"$ref": "urn:" + given["$ref"].rpartition("/")[2]}
    else:
        shape = {key: given[key] for key in ("type", "enum", "maxLength", "pattern") if key in given}
    if "anyOf" in given:
        shape["anyOf"] = [closed(each, "", secret_key) for each in given["anyOf"]]
    if "items" in given:
        shape["items"] = closed(given["items"], "", secret_key)
    if isinstance(given.get("additionalProperties"), dict):
        shape["additionalProperties"] = closed(given["additionalProperties"], "", secret_key)
    if given.get("properties"):
        properties = given["properties"]
        shape["properties"] = {key: closed(each, "", secret_key) for key, each in properties.items()}
        shape["required"] = sorted({*given.get("required", ()), *(always(properties, name) if secret_key else ())})
        shape.setdefault("additionalProperties", False)
    return {"anyOf": [shape, {"type": "null"}]} if given.get("nullable") else shape


def always(properties: Schema, name: str) -> set[str]:
    """B-4.6: nullable keys are there, but those of B-3.23 and those that it names itself."""
    free = contract.ABSENT.get(name, frozenset()) | contract.UNTIL_SET.get(name, frozenset())
    return {key for key, each in properties.items() if each.get("nullable")} - free
