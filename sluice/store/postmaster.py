"""A PostgreSQL server as its pid file names it: living, dead, a zombie, or a stranger who got its number (F52)."""

import socket
from pathlib import Path
from typing import NamedTuple

PORT = 5432  # only the socket's name: the server listens on no network
ASKS_FOR_TLS = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


class Postmaster(NamedTuple):
    """What `postmaster.pid` of a cluster says; what is not written yet is empty, or 0."""

    cluster: Path
    pid: int
    sockets: str
    status: str

    @staticmethod
    def of(cluster: Path) -> "Postmaster | None":
        try:
            lines = (cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        pid, _, _, _, sockets, _, _, status, *_ = [*lines, *[""] * 8]
        return Postmaster(cluster, abs(int(pid or 0)), sockets, status.strip())

    def lives(self) -> bool:
        """True if that process is a PostgreSQL over this cluster."""
        import psutil

        try:
            return self.pid > 0 and str(self.cluster) in psutil.Process(self.pid).cmdline()
        except psutil.NoSuchProcess:  # a zombie is one, too
            return False

    def answers(self) -> bool:
        """True once it says that it is ready, and a socket proves it: asked for TLS, it says no."""
        if self.status != "ready":
            return False
        try:
            with socket.socket(socket.AF_UNIX) as door:
                door.settimeout(1)
                door.connect(f"{self.sockets}/.s.PGSQL.{PORT}")
                door.sendall(ASKS_FOR_TLS)
                return door.recv(1) in (b"N", b"S")
        except OSError:
            return False

    def clear(self, sockets: Path) -> None:
        """Removes what it left when it died: PostgreSQL takes a zombie's or a stranger's number for a server's.

        That a living backend of it still works on the data cannot be: PostgreSQL itself refuses to start while the cluster's
        shared memory is attached.
        """
        for file in (self.cluster / "postmaster.pid", *sockets.glob(f".s.PGSQL.{PORT}*")):
            file.unlink(missing_ok=True)
