"""Logs, on stderr: JSON lines without a terminal, a calm line with one. No local variable, row value or card number (S5).

structlog's defaults print a traceback's local variables; ours is Python's own traceback, which has none.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from sluice.core.card_texts import mask
from sluice.core.limits import LOG_LINE
from sluice.core.secrets import Secret

ROW_VALUES = re.compile(r"^\s*(DETAIL|CONTEXT|QUERY|WHERE):.*$", re.MULTILINE)  # the driver's errors carry them
# Control characters, C1 too, which terminals obey; line and paragraph separators; what turns the direction; half characters.
CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
UNPRINTABLE, UNPRINTABLE_IN_LINE = re.compile(f"[{CONTROLS}]"), re.compile(rf"[{CONTROLS}\n\t]")
TRACEBACKS = ("exception", "stack")
LOOKED_AT = 8 * LOG_LINE  # a number that this cuts in two is cut off again after masking
CUT = " … (cut)"

Event = MutableMapping[str, Any]
_work: ContextVar[dict[str, Any]] = ContextVar("work")


def about(**what: Any) -> None:
    """What this task, and those that it begins, work on from here: every line of theirs says so."""
    _work.set(what)


def also(**what: Any) -> None:
    """And more of it, as it becomes known. Only below `about`."""
    _work.get().update(what)


def with_work(_: object, __: str, event: Event) -> Event:
    return {**_work.get({}), **event}


def set_up_log(level: str = "info", stream: TextIO | None = None) -> None:
    """Sends structlog's and the standard library's logs to `stream` (stderr), at `level` and above."""
    stream = stream or sys.stderr
    before: list[Processor] = [
        with_work,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    look: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if stream.isatty():
        look = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback, pad_event_to=0)
    after: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        discreet,
        look,
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=after))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def discreet(_: object, __: str, event: Event) -> Event:
    """The last look at everything before it is written. Only a traceback has lines."""
    return {key: clean(value, lines=True) if key in TRACEBACKS else safe(value) for key, value in event.items()}


def safe(value: Any) -> Any:
    """What may be written of a value, however deep it lies."""
    match value:
        case None | bool() | float():
            return value
        case int():
            return value if (text := str(value)) == clean(text) else clean(text)
        case Secret():
            return repr(value)
        case str():
            return clean(value)
        case dict():
            return {clean(str(key)): safe(inner) for key, inner in value.items()}
        case list() | tuple() | set():
            return [safe(inner) for inner in value]
        case _:
            return clean(repr(value))


def clean(text: str, *, lines: bool = False) -> str:
    """Without row values, with cards masked, and no longer than a log line may be: of a traceback the end is what matters.

    What moves a cursor, turns the reading direction or, unless `lines` are due, begins a new line is written out (S26).
    """
    text = printable(mask(ROW_VALUES.sub("", text)[-LOOKED_AT:]), lines)
    return text if len(text) <= LOG_LINE else CUT + text[-LOG_LINE:]


def printable(text: str, lines: bool) -> str:
    return (UNPRINTABLE if lines else UNPRINTABLE_IN_LINE).sub(lambda found: found[0].encode("unicode_escape").decode(), text)
