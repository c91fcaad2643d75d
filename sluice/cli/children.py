"""A child process of `sluice up`: started, listened to, started again when it dies, ended with certainty."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sluice.core.files import private_file
from sluice.core.log import clean

LOG_BYTES = 10_000_000
LINE = 1 << 20
PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds before the next start; from the first again once it has lived
LIVED = 30.0
DRAIN = 25.0  # seconds a child has to finish what is in flight


class Child:
    """`say` hears of its errors, `died` of each death: what to say of it, and when it comes again."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        logs: Path,
        hands_down: Sequence[int] = (),
        say: Callable[[str], None],
        died: Callable[[str, float], None],
    ) -> None:
        self.name, self.command, self.env, self.hands_down = name, command, env, hands_down
        self.say, self.died = say, died
        self.log = logs / f"{name}.log"
        self.process: asyncio.subprocess.Process | None = None
        self.last = "it said nothing"
        self.stopping = asyncio.Event()

    async def live(self) -> int:
        """Runs it once, to its end: the exit code. Its stderr goes to its log, its stdout is ours."""
        self.process = process = await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=self.env,
            pass_fds=self.hands_down,
            process_group=0,  # the terminal's Ctrl-C is for us alone: we end it in order
            limit=LINE,
        )
        if self.stopping.is_set():
            process.terminate()
        if process.stderr:
            await self.listen(process.stderr)
        return await process.wait()

    async def keep(self) -> None:
        """Runs it for ever: what dies comes again, after a pause that grows."""
        deaths = 0
        while not self.stopping.is_set():
            born = time.monotonic()
            code = await self.live()
            if self.stopping.is_set():
                return
            deaths = 0 if time.monotonic() - born > LIVED else deaths
            pause = PAUSES[min(deaths, len(PAUSES) - 1)]
            self.died(self.death(code), pause)
            deaths += 1
            await asyncio.sleep(pause)

    async def listen(self, stderr: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stderr.readline()
            except ValueError:  # longer than LINE: the reader has dropped it
                continue
            if not line:
                return
            self.keep_line(line)
            self.hear(line.decode(errors="replace").strip())

    def keep_line(self, line: bytes) -> None:
        """In its log, which begins anew past LOG_BYTES. On a disk that is full we go on listening, or the child would wait."""
        with suppress(OSError):
            if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
                self.log.replace(self.log.with_suffix(".log.1"))
            with private_file(self.log, os.O_APPEND) as log:
                os.write(log, line)

    def hear(self, line: str) -> None:
        self.last = line or self.last
        with suppress(ValueError, AttributeError):
            entry = json.loads(line)
            if entry.get("level") in ("error", "critical"):
                self.say(f"{self.name}: {clean(str(entry.get('event')))} (log: {self.log})")

    def death(self, code: int) -> str:
        how = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with code {code}"
        return f"the {self.name} {how}: {clean(self.last)} (log: {self.log})"

    def stop(self) -> None:
        self.stopping.set()
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        self.stopping.set()
        self.signal(signal.SIGKILL)

    def signal(self, number: int) -> None:
        if self.process and self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
