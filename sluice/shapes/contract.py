"""The wire's contract as data: which operations there are, what they take and answer. Decoded in pieces, when asked for."""

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, Struct, field

Schema = dict[str, Any]
REF = "#/components/schemas/"
EXPAND: Schema = {"type": "array", "items": {"type": "string", "maxLength": 5000}}

# B-3.23: absent unless expanded, though some of them are nullable.
ABSENT = {
    "charge": frozenset({"refunds"}),
    "customer": frozenset({"sources", "subscriptions", "tax_ids", "tax", "cash_balance"}),
    "price": frozenset({"tiers", "currency_options"}),
    "coupon": frozenset({"applies_to"}),
    "checkout.session": frozenset({"line_items"}),
    "invoice": frozenset({"payments"}),
}
# B-4.6: nullable, and still absent until they have a value.
UNTIL_SET = {"shipping": frozenset({"carrier", "tracking_number"})}


class Operation(NamedTuple):
    """One row of the contract. `parameters` is one object schema, whether they come in the query or in the body."""

    id: str
    method: str
    path: str
    parameters: Schema
    answer: Schema
    is_list: bool


class Components(Struct):
    schemas: dict[str, Raw]
    error_codes: list[str] = field(name="x-errorCodes")
    event_types: list[str] = field(name="x-eventTypes")


class Contract(Struct):
    """The file, its parts still undecoded: slices of one buffer, so that what nobody serves costs nothing."""

    components: Components
    paths: dict[str, dict[str, Raw]]


class AddedParameter(Struct):
    """`schema` stands at the `parameter` of an `operation`, or its values get `enum` too."""

    operation: str
    parameter: str
    rule: str
    schema: Schema | None = None
    enum: list[str] = []


class AddedProperty(Struct):
    """`shape` stands at the `property` of the object `schema`."""

    schema: str
    property: str
    rule: str
    shape: Schema


class AddedOperation(Struct):
    """An operation of our own, as `Operation` has it."""

    id: str
    method: str
    path: str
    parameters: Schema
    answer: Schema
    rule: str


class Additions(Struct):
    """What we put over the contract."""

    entries: list[AddedParameter]
    properties: list[AddedProperty] = []
    error_codes: list[str] = []
    event_types: list[str] = []
    operations: list[AddedOperation] = []
    schemas: dict[str, Schema] = {}


class OperationId(Struct, rename="camel"):
    operation_id: str


@cache
def contract() -> Contract:
    packed = files("sluice.shapes").joinpath("contract.json.gz").read_bytes()
    return msgspec.json.decode(gzip.decompress(packed), type=Contract)


@cache
def additions() -> Additions:
    return msgspec.json.decode(files("sluice.shapes").joinpath("additions.json").read_bytes(), type=Additions)


@cache
def error_codes() -> frozenset[str]:
    return frozenset(contract().components.error_codes) | frozenset(additions().error_codes)


@cache
def event_types() -> frozenset[str]:
    return frozenset(contract().components.event_types) | frozenset(additions().event_types)


@cache
def schema(name: str) -> Schema:
    """The component `name`, our additions over it. KeyError if there is none."""
    if name in additions().schemas:
        return additions().schemas[name]
    found: Schema = json.loads(bytes(contract().components.schemas[name]))
    for added in additions().properties:
        if added.schema == name:
            found["properties"][added.property] = added.shape
    return found


@cache
def schema_names() -> frozenset[str]:
    return frozenset(contract().components.schemas) | frozenset(additions().schemas)


def has_schema(name: str) -> bool:
    return name in schema_names()


def resolved(given: Schema) -> Schema:
    """A schema, or the component it points at."""
    ref = given.get("$ref")
    return schema(ref.removeprefix(REF)) if ref else given


@cache
def places() -> dict[str, tuple[str, str]]:
    """Where each operation stands: id -> (method, path template)."""
    ids = msgspec.json.Decoder(OperationId)
    wire = {
        ids.decode(raw).operation_id: (method.upper(), path)
        for path, methods in contract().paths.items()
        for method, raw in methods.items()
    }
    return wire | {each.id: (each.method, each.path) for each in additions().operations}


@cache
def operation(id: str) -> Operation:
    """The operation `id`, decoded. KeyError if there is none."""
    method, path = places()[id]
    ours = next((each for each in additions().operations if each.id == id), None)
    taken, answer = (with_expand(ours.parameters), ours.answer) if ours else of_wire(id, method, path)
    is_list = answer.get("properties", {}).get("object", {}).get("enum") == ["list"]
    return Operation(id, method, path, taken, answer, is_list)


def with_expand(taken: Schema) -> Schema:
    """B-3.19: `expand` everywhere."""
    return taken | {"properties": {"expand": EXPAND} | taken["properties"]}


def of_wire(id: str, method: str, path: str) -> tuple[Schema, Schema]:
    """What an operation of the contract takes and answers."""
    raw = json.loads(bytes(contract().paths[path][method.lower()]))
    return parameters(id, raw), raw["responses"]["200"]["content"].get("application/json", {}).get("schema", {})


def parameters(id: str, raw: dict[str, Any]) -> Schema:
    """B-1.26: what stands in the query and what stands in the form, as one object."""
    form: Schema = {"properties": {}}
    for body in raw.get("requestBody", {}).get("content", {}).values():
        form = body["schema"]
    query = [each for each in raw.get("parameters", []) if each["in"] == "query"]
    properties = {each["name"]: each["schema"] for each in query} | form["properties"]
    required = [each["name"] for each in query if each.get("required")] + form.get("required", [])
    taken = with_expand({"type": "object", "properties": properties, "required": required})
    for entry in additions().entries:
        if entry.operation == id:
            add(taken, entry)
    return taken


def add(taken: Schema, entry: AddedParameter) -> None:
    *parents, last = entry.parameter.replace("]", "").split("[")
    for parent in parents:
        taken = taken["properties"][parent]
    if entry.schema is not None:
        taken["properties"][last] = entry.schema
    if entry.enum:
        choice = taken["properties"][last]
        choice = choice.get("items", choice)  # of a list, its elements'
        choice["enum"] = sorted({*choice["enum"], *entry.enum})
