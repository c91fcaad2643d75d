"""An endpoint's signing secrets: the current one, and during a roll the former too (B-5.81). Sealed in the endpoint's row."""

from typing import NamedTuple

from sluice.books.vault.rotation import Shelf
from sluice.core.errors import Refused
from sluice.core.ids import chance
from sluice.core.secrets import Secret

TABLE = "webhook_endpoints"
PREFIX, SIZE = "whsec_", 32
OVERLAP_MOST = 86_400

LEFT = """select id, version, key, sealed from webhook_endpoints
    where scope = $1 and key = any($2::text[]) and id <> all($3::text[]) limit $4"""
SWAP = """with held as materialized (
        select e.id, n.sealed from webhook_endpoints e
        join unnest($3::text[], $4::int[], $5::bytea[]) n (id, version, sealed) on n.id = e.id and n.version = e.version
        where e.scope = $1 order by e.id for update of e)
    update webhook_endpoints e set version = e.version + 1, key = $2, sealed = held.sealed from held
    where e.scope = $1 and e.id = held.id"""
SHELF = Shelf("webhook", TABLE, LEFT, SWAP)  # for the rotation of the vault's keys


class Secrets(NamedTuple):
    """`former` signs too until the second `until`."""

    current: Secret
    former: Secret | None = None
    until: int = 0

    def valid(self, at: int) -> list[Secret]:
        return [self.current, self.former] if self.former and at < self.until else [self.current]

    def rolled(self, overlap: int, now: int) -> "Secrets":
        """A new secret; the one until now stays good for `overlap` seconds, 0: is none any more."""
        if not 0 <= overlap <= OVERLAP_MOST:
            raise Refused(f"The overlap is between 0 and {OVERLAP_MOST} seconds.", param="overlap")
        return Secrets(new_secret(), self.current, now + overlap)

    def text(self) -> str:
        """As it is sealed."""
        return f"{self.current} {self.former} {self.until}" if self.former else self.current


def new_secret() -> Secret:
    return Secret(PREFIX + chance(SIZE))


def parse(text: str) -> Secrets:
    """What `text` made."""
    current, *former = text.split()
    return Secrets(Secret(current), Secret(former[0]), int(former[1])) if former else Secrets(Secret(current))
