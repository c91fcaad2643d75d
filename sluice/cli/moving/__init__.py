"""`sluice import` and `sluice export`: moving in, and out again. What is imported is a mirror: it moves no money."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from sluice.cli.connected import Live, Merchant, with_store
from sluice.cli.crash import CannotGoOn, say
from sluice.cli.options import Data, DatabaseUrl, settings
from sluice.cli.person import person

STRIPE = "https://api.stripe.com"
BATCH = 500

moving = typer.Typer(help="Mirror another account of the same API, to look before you move.", no_args_is_help=True)


@moving.command("stripe")
def stripe(
    key_file: Annotated[
        Path, typer.Option("--key-file", metavar="FILE", help="Holds the other account's secret key; - reads it from stdin.")
    ],
    url: Annotated[str, typer.Option("--from", metavar="URL", help="Where the other account is.")] = STRIPE,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Mirrors another account; cut off, it goes on.   Example: sluice import stripe --key-file key.txt"""
    from sluice.books.audit.entries import record
    from sluice.cli.merchants import scope_of
    from sluice.cli.moving.reading import Foreign, read_all

    if not url.startswith(("https://", "http://")):
        raise CannotGoOn(f"{url} is no address: give one such as {STRIPE}")
    key = secret(key_file)

    async def work(store: Any) -> dict[str, int]:
        scope = await scope_of(store, merchant, live)
        async with Foreign(url, key) as foreign:
            seen = await read_all(store, scope, foreign, say)
        await record(store, person(), "import.stripe", url, scope=scope, detail=seen)
        return seen

    seen = with_store(settings(data, database_url=database_url), work)
    print(
        f"{sum(seen.values())} objects are mirrored: GET /v1/sluice/mirrored shows them, sluice export --mirrored writes them."
    )


@moving.command("lines")
def lines(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines, as sluice export writes them.")],
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Mirrors what an export holds, byte for byte.   Example: sluice import lines shop.jsonl"""
    from sluice.books.audit.entries import record
    from sluice.cli.merchants import scope_of
    from sluice.merchants.mirror import keep

    if not file.is_file():
        raise CannotGoOn(f"{file} is not there, or is no file")
    count = sum(len(batch) for batch in batches(file))  # all is looked at before anything is written

    async def work(store: Any) -> None:
        scope = await scope_of(store, merchant, live)
        for batch in batches(file):
            await keep(store, scope, file.name, batch)
        await record(store, person(), "import.lines", file.name, scope=scope, detail={"objects": count})

    with_store(settings(data, database_url=database_url), work)
    print(f"{count} objects are mirrored.")


def export(
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="A new file; standard output if none is.")] = None,
    mirrored: Annotated[bool, typer.Option("--mirrored", help="What was imported, as it was given.")] = False,
    merchant: Merchant = None,
    live: Live = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Writes everything of a merchant, a JSON object to a line.   Example: sluice export --to shop.jsonl"""
    from sluice.books.audit.entries import record
    from sluice.cli.moving import writing

    async def work(store: Any) -> int:
        from sluice.cli.merchants import scope_of
        from sluice.merchants.accounts import merchant_of

        scope, count = await scope_of(store, merchant, live), 0
        owner, _ = await merchant_of(store, scope)
        found = writing.mirrored(store, scope) if mirrored else writing.own(store, owner, scope, live)
        with output(to) as file:
            async for line in found:
                file.write(line + b"\n")
                count += 1
        await record(store, person(), "export", str(to or "-"), scope=scope, detail={"objects": count, "mirrored": mirrored})
        return count

    count = with_store(settings(data, database_url=database_url), work)
    say(f"{count} objects")


@contextmanager
def output(to: Path | None) -> Iterator[BinaryIO]:
    """Whole, or not there; for its owner's eyes."""
    if to is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if to.exists():
        raise CannotGoOn(f"{to} is there already: name a new file")
    part = to.with_name(f"{to.name}.part")
    part.touch(mode=0o600)
    try:
        with part.open("wb") as file:
            yield file
        part.rename(to)
    finally:
        part.unlink(missing_ok=True)


def secret(file: Path) -> Any:
    from sluice.core.secrets import Secret

    try:
        text = (sys.stdin.read() if str(file) == "-" else file.read_text()).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotGoOn(f"{file} cannot be read: {error}") from None
    if not text.startswith(("sk_", "rk_")) or not text.isascii() or not text.isprintable() or " " in text:
        raise CannotGoOn(f"{file} holds no secret key: one begins with sk_ or rk_")
    return Secret(text)


def batches(file: Path) -> Iterator[list[Any]]:
    """The file's objects. Raises `CannotGoOn` with the number of a line that is none."""
    from sluice.merchants.mirror import Line

    batch = []
    with file.open("rb") as text:
        for n, body in enumerate(text, 1):
            try:
                batch.append(Line.of(body.rstrip(b"\r\n")))
            except ValueError as fault:
                raise CannotGoOn(f"line {n} of {file} is no object of the API: {fault}. Nothing was written") from None
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch
