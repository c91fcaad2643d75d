"""Values that must not be shown by accident (Law 8)."""


class Secret(str):
    """A text whose repr says nothing, so that no log, traceback or f"{x!r}" shows it. Use it as a str where it is needed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"
