"""`sluice`: one program, its roles are its commands. Heavy imports wait inside the commands: a start is felt."""

import sys
from typing import Annotated

import typer

from sluice.cli import crash, lifeline, processes, up
from sluice.cli.audit import audit
from sluice.cli.backup import backup, recover, restore
from sluice.cli.completion import completion
from sluice.cli.config import config
from sluice.cli.discrepancies import discrepancies
from sluice.cli.doctor import doctor
from sluice.cli.events import events, listen
from sluice.cli.explain import explain
from sluice.cli.ledger import ledger
from sluice.cli.merchants import keys, merchants
from sluice.cli.moving import export, moving
from sluice.cli.rails import rails
from sluice.cli.upgrade import rollback, upgrade
from sluice.cli.vault import vault

app = typer.Typer(
    name="sluice",
    help="A self-hosted payment gateway that speaks the API every shop already speaks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they show local variables
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.command("api")(processes.api)
app.command("worker")(processes.worker)
app.command("sandbox")(processes.sandbox)
app.command("migrate")(processes.migrate)
app.command("doctor")(doctor)
app.command("explain")(explain)
app.command("completion")(completion)
app.add_typer(config, name="config")
app.command("upgrade")(upgrade)
app.command("rollback")(rollback)
app.command("backup")(backup)
app.command("restore")(restore)
app.command("recover")(recover)
app.add_typer(merchants, name="merchants")
app.add_typer(keys, name="keys")
app.add_typer(rails, name="rails")
app.add_typer(vault, name="vault")
app.add_typer(ledger, name="ledger")
app.add_typer(discrepancies, name="discrepancies")
app.add_typer(audit, name="audit")
app.add_typer(events, name="events")
app.add_typer(moving, name="import")
app.command("export")(export)
app.command("listen")(listen)


@app.callback()
def every_command(
    debug: Annotated[bool, typer.Option("--debug", help="Show a defect's traceback, not only its id.")] = False,
) -> None:
    """A self-hosted payment gateway that speaks the API every shop already speaks."""


def main() -> None:
    lifeline.hold_on()
    try:
        app(prog_name="sluice")
    except Exception as error:
        crash.tell(error, debug="--debug" in sys.argv)
        sys.exit(1)


if __name__ == "__main__":
    main()
