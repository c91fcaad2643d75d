"""The socket that a server listens on: bound here, or handed down by the process that bound it."""

import socket
from errno import EACCES, EADDRINUSE

BACKLOG = 1_024


class PortTaken(Exception):
    """Nothing can listen there; the message says why and what to do."""


def listen(host: str, port: int, handed_down: int | None = None) -> socket.socket:
    """A listening socket, port 0 a free one; or the one whose descriptor was `handed_down`. Raises `PortTaken`."""
    if handed_down is not None:
        return socket.socket(fileno=handed_down)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except socket.gaierror:
        raise PortTaken(f"{host} is no address of this machine: choose another SLUICE_HOST") from None
    except OSError as error:
        raise PortTaken(reason(host, port, error)) from None


def listen_inside(host: str, port: int, handed_down: int | None = None) -> socket.socket:
    """For an inner port: `listen`, and a cure of its own."""
    try:
        return listen(host, port, handed_down)
    except PortTaken as taken:
        raise PortTaken(f"the inner {str(taken).partition(':')[0]}: choose another SLUICE_INNER_PORT") from None


def reason(host: str, port: int, error: OSError) -> str:
    if error.errno == EADDRINUSE:
        return f"port {port} is in use by another program: stop it, or take a free port with `--port 0`"
    if error.errno == EACCES:
        return f"port {port} needs rights that this user has not: take one above 1023, or a free one with `--port 0`"
    return f"cannot listen on {host}:{port}: {error.strerror}"
