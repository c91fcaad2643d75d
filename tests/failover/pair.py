"""A primary and its standby, on a line that takes 20 ms each way."""

import subprocess
from contextlib import ExitStack
from pathlib import Path

from tests.failover.line import Line
from tests.failover.server import Server
from tests.harness.processes import until

LINE_SECONDS = 0.02
FOLLOWS = "select count(*) from pg_stat_replication where application_name = '{0}' and state = 'streaming'"
IN_STEP = f"{FOLLOWS} and sync_state = '{{1}}'"


class Pair:
    """A context manager. `primary` and `standby` change places at a fail-over; the clients' DSN names both, always alike."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> "Pair":
        with ExitStack() as opened:
            self.primary, self.standby = (opened.enter_context(Server(name, self.folder)) for name in ("one", "two"))
            self.line = opened.enter_context(Line(self.primary.port, LINE_SECONDS))
            self.primary.make()
            self.primary.start()
            self.dsn = self.primary.dsn(self.standby)
            self.close = opened.pop_all().close
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def join(self, *, synchronous: bool = True) -> None:
        """The standby is copied anew and follows; with `synchronous` no commit is acknowledged before it has it."""
        self.standby.kill()
        self.line.mend(self.primary.port)
        self.say("alter system reset synchronous_standby_names")
        self.standby.copy(self.primary, self.line.port)
        self.standby.start()
        if synchronous:
            self.say(f"alter system set synchronous_standby_names = '{self.standby.name}'")
        self.say("select pg_reload_conf()")
        kind = "sync" if synchronous else "async"
        until(lambda: self.say(IN_STEP.format(self.standby.name, kind)) == "1")

    def die(self) -> None:
        """The primary's machine loses its power: what was on its way is lost with it."""
        self.line.cut()
        self.primary.kill()

    def take_over(self) -> None:
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def say(self, sql: str, server: Server | None = None) -> str:
        """A statement as the superuser; what it answers, as text."""
        at = server or self.primary
        done = subprocess.run([at.home.binaries / "psql", at.dsn(), "-XAtqc", sql], check=True, capture_output=True, text=True)
        return done.stdout.strip()
