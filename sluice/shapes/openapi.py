"""OpenAPI 3.1 of what we serve, assembled from the contract's shapes, so that the docs say what the walk takes."""

from collections.abc import Iterator, Mapping
from typing import Any

from sluice.shapes.contract import REF, Operation, Schema, operation, schema
from sluice.shapes.parameters import Served, below
from sluice.shapes.served import cut

Json = dict[str, Any]
KEPT = ("type", "enum", "format", "maxLength", "pattern")
DEEP = {"style": "deepObject", "explode": True}
STATUSES = {
    "400": "A parameter is wrong, or the move is not legal now.",
    "401": "No key, an unknown key, or a key of the wrong kind.",
    "402": "The issuer or the network said no.",
    "403": "The key lacks the permission.",
    "404": "There is no such object, or no such route.",
    "409": "The first call with this idempotency key is still running.",
    "413": "The body is too large.",
    "414": "The request line is too long.",
    "429": "Too many requests, or the object is locked.",
    "500": "A defect of ours.",
    "503": "Not now; nothing has happened.",
    "default": "Any other error.",
}
IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key runs a call once, however often it is sent.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def document(served: Mapping[str, frozenset[str]], version: str, url: str) -> Json:
    """`served`: operation id → the names in brackets that it takes (as `walk` has them); `url`: where the server is."""
    paths: Json = {}
    for id in sorted(served):
        found = operation(id)
        paths.setdefault(found.path, {})[found.method.lower()] = described(found, below(served[id] | {"expand"}))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sluice", "version": version},
        "servers": [{"url": url}],
        "security": [{"bearer": []}, {"basic": []}],
        "paths": paths,
        "components": {
            "schemas": components(paths),
            "responses": {"Error": answer("An error.", {"$ref": REF + "error"})},
            "parameters": {"IdempotencyKey": IDEMPOTENCY_KEY},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The secret key."},
                "basic": {"type": "http", "scheme": "basic", "description": "The secret key as user, no password."},
            },
        },
    }


def described(found: Operation, served: Served) -> Json:
    taken = narrowed(cut(found.parameters) or {}, served)
    in_path = [
        {"name": segment[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for segment in found.path.split("/")
        if segment.startswith("{")
    ]
    row: Json = {
        "operationId": found.id,
        "tags": [found.path.split("/")[2]],
        "parameters": in_path,
        "responses": answers(found),
    }
    if found.method == "POST":
        row["parameters"].append({"$ref": "#/components/parameters/IdempotencyKey"})
        row["requestBody"] = body(taken)
    else:
        row["parameters"] += [in_query(name, each, taken) for name, each in taken["properties"].items()]
    return row


def narrowed(given: Schema, served: Served) -> Schema:
    """A request schema without the parameters that are not served; the hashes that lead to served ones stay."""
    if served is None:
        return given
    if "anyOf" in given:
        return {**given, "anyOf": [narrowed(each, served) for each in given["anyOf"]]}
    if "items" in given:
        return {**given, "items": narrowed(given["items"], served.get("", {}))}
    if "properties" not in given:
        return given
    properties = {name: narrowed(each, served[name]) for name, each in given["properties"].items() if name in served}
    return {**given, "properties": properties, "required": [n for n in given.get("required", ()) if n in properties]}


def in_query(name: str, given: Schema, taken: Schema) -> Json:
    row: Json = {"name": name, "in": "query", "required": name in taken["required"], "schema": converted(given)}
    return row | DEEP if is_deep(given) else row


def body(taken: Schema) -> Json:
    """A form, or JSON of the same shape (B-1.16, B-1.25)."""
    shape = {**converted(taken), "additionalProperties": False}
    encoding = {name: DEEP for name, each in taken["properties"].items() if is_deep(each)}
    form = {"schema": shape, "encoding": encoding} if encoding else {"schema": shape}
    content = {"application/x-www-form-urlencoded": form, "application/json": {"schema": shape}}
    return {"required": bool(taken["required"]), "content": content}


def is_deep(given: Schema) -> bool:
    return any(each.get("type") in ("object", "array") for each in given.get("anyOf", [given]))


def answers(found: Operation) -> Json:
    done = {"200": answer("Done.", converted(cut(found.answer) or {}))}
    errors = {status: {"$ref": "#/components/responses/Error", "description": text} for status, text in STATUSES.items()}
    return done | errors


def answer(text: str, shape: Schema) -> Json:
    return {"description": text, "content": {"application/json": {"schema": shape}}}


def converted(given: Schema) -> Schema:
    """JSON Schema of a schema: `nullable` becomes a choice of null, beside a `$ref` or an `anyOf` too."""
    shape: Schema = {key: given[key] for key in KEPT if key in given}
    if "$ref" in given:
        shape["$ref"] = given["$ref"]
    if "anyOf" in given:
        shape["anyOf"] = [converted(each) for each in given["anyOf"]]
    if "items" in given:
        shape["items"] = converted(given["items"])
    if isinstance(given.get("additionalProperties"), dict):
        shape["additionalProperties"] = converted(given["additionalProperties"])
    if given.get("properties"):
        shape["properties"] = {name: converted(each) for name, each in given["properties"].items()}
    if given.get("required"):
        shape["required"] = given["required"]
    return {"anyOf": [shape, {"type": "null"}]} if given.get("nullable") else shape


def components(paths: Json) -> Json:
    """Every schema that the paths lead to."""
    found: Json = {}
    waiting = ["error", *references(paths)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = converted(cut(schema(name)) or {})
            waiting += references(found[name])
    return dict(sorted(found.items()))


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        ref = node.get("$ref", "")
        if isinstance(ref, str) and ref.startswith(REF):
            yield ref.removeprefix(REF)
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)
