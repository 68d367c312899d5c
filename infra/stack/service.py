"""What the stack knows of each server: how it is fetched, configured, started and asked whether it answers."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.stack.errors import Missing
from infra.stack.layout import Stack

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Launch:
    """One command to run: `user` is a system account to run it as, or None for our own."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One server.

    `missing` names what fetching or running it lacks; `fetch` and `configure` may be repeated and then do nothing;
    `answers` makes one real request of the server's own protocol and never raises for a server that is not there.
    """

    name: str
    ports: tuple[str, ...]
    missing: Callable[[Path], list[Missing]]
    fetch: Callable[[Path, Tell], None]
    configure: Callable[[Stack, Tell], None]
    launch: Callable[[Stack], Launch]
    answers: Callable[[Stack], bool]
    after: tuple[str, ...] = ()
    stop: signal.Signals = signal.SIGTERM
