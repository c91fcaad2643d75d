"""The man page, drawn from the commands and the operations page's settings: `man sluice` (O18)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
SETTING = re.compile(r"^\| (`[A-Z].*?) \| (.*?) \| (.*) \|$", re.MULTILINE)
HEAD = r""".\" Drawn from the code by ./dev docs: do not edit.
.TH SLUICE 1 "" "Sluice" "Sluice"
.SH NAME
sluice \- a self-hosted payment gateway
.SH SYNOPSIS
.B sluice
.RI [ --debug ] " COMMAND " [ OPTIONS ]
.SH COMMANDS
"""
FOOT = r""".SH EXIT STATUS
0: done, or nothing is wrong. 1: a sentence on standard error says what is wrong and what to do. 2: the command line is not
understood. 130: interrupted.
.SH SEE ALSO
The docs that the running gateway serves at /docs.
"""
Command = tuple[str, Any]


def page() -> str:
    from sluice.cli.main import app

    text = HEAD
    for name, command in every(get_command(app)):
        says, _, example = said(command).partition("Example: ")
        text += f".TP\n.B {roff(name)}\n{roff(says.strip())}\n"
        text += "".join(f".br\n{roff(option)}\n" for option in options(command))
        text += f".br\nExample: {roff(example)}\n" if example else ""
    text += ".SH ENVIRONMENT\n"
    for names, default, meaning in SETTING.findall(OPERATIONS.read_text("utf-8")):
        text += f".TP\n.B {roff(plain(names))}\n{roff(plain(meaning))} Default: {roff(plain(default))}.\n"
    return text + FOOT


def every(command: Any, path: str = "sluice") -> Iterator[Command]:
    """Each command that does something, by its whole name, in the order of the program's own help."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from every(inner, f"{path} {name}")
    if not hasattr(command, "commands"):
        yield path, command


def said(command: Any) -> str:
    return " ".join((command.help or "").split())


def options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        if parameter.param_type_name == "option":
            metavar = "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
            yield f"{', '.join(parameter.opts)}{metavar}: {parameter.help}"


def plain(markdown: str) -> str:
    return re.sub(r"\[(.*?)\]\(.*?\)", r"\1", markdown).replace("`", "")


def roff(text: str) -> str:
    """Text whose characters mean nothing to roff."""
    text = text.replace("\\", "\\\\").replace("-", "\\-").replace("…", "...")
    return f"\\&{text}" if text.startswith((".", "'")) else text
