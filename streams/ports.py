"""What the streams need of the world outside: the event log, as its readers see it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from domain.recorded import Recorded


class Stored(NamedTuple):
    """A fact in its stored form, personal fields still encrypted (a tuple, because readers make millions of them)."""

    log: int
    number: int
    stream: str
    version: int
    name: str
    state: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Facts of a log in order; `last` is the number up to which nothing else is left to read of what was asked for.

    `last` passes over facts that were left out by name, and is the number asked from where there was nothing. `more`
    says that the page was cut short by its limit, not by the end of the log.
    """

    facts: tuple[Recorded, ...]
    last: int
    more: bool


class EventLog(Protocol):
    """The event store as an ordered log of facts; raises `commands.errors.Unavailable` when it can't be reached."""

    @property
    def logs(self) -> int:
        """How many logs the installation has, for ever."""
        ...

    async def head(self, log: int) -> int:
        """The number of the log's last committed fact, 0 where there is none."""
        ...

    async def read(
        self, log: int, after: int, limit: int, names: frozenset[str] | None = None, *, personal: bool = True
    ) -> Page:
        """Up to `limit` facts with numbers after `after`, in order, of the given stored names (None: all).

        The limit counts facts before they are chosen by name. Without `personal`, personal fields come as erased and
        no key is asked for. What can't be decoded comes as `domain.recorded.Unreadable`; where names are given, also
        such facts of their kind as are newer than this program.
        """
        ...

    async def read_stored(self, log: int, after: int, limit: int) -> tuple[Stored, ...]:
        """The same facts in their stored form."""
        ...

    async def decode(self, stored: Iterable[Stored], *, personal: bool = True) -> tuple[Recorded, ...]:
        """The facts behind stored forms, in order; what can't be decoded comes as `domain.recorded.Unreadable`."""
        ...

    async def stream(self, log: int, name: str) -> tuple[Recorded, ...]:
        """All facts of one stream, in order; empty where there is none."""
        ...

    async def wait(self, after: Mapping[int, int], timeout: float) -> bool:  # noqa: ASYNC109 - most callers pass it on
        """Wait until this process commits past one of the numbers (by log); False when `timeout` seconds went by.

        Only a hint that spares a poller its sleep: what other processes commit wakes nobody.
        """
        ...
