"""Throttling: counts that are forgotten in time, from where a request comes, and an end to guessing passwords."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from starlette.types import Scope

from api.problems import Problem


class Tallies(Protocol):
    """Counts that are forgotten when their window is over."""

    async def add(self, key: str, by: int, *, window_s: int) -> tuple[int, int]:
        """The count in this window after adding, and in how many seconds the window is over."""
        ...


def address_of(scope: Scope) -> str:
    """From where a request comes; of IPv6 the network (/64), which is what one customer has."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return str(host)
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)


def too_much(told: Mapping[str, str], left_s: int) -> Problem:
    """What is told of too many requests: how long to wait."""
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "rate_limited",
        "Too many requests; please wait.",
        headers={**told, "Retry-After": str(max(1, left_s))},
    )


@dataclass(frozen=True, slots=True)
class Throttle:
    """Lets nobody guess passwords for long: so many wrong ones in a window, and no more is tried until it is over."""

    tallies: Tallies
    tries: int
    window_s: int = 900

    async def check(self, what: str) -> None:
        """429 where too many were wrong."""
        used, left_s = await self.tallies.add(f"wrong:{what}", 0, window_s=self.window_s)
        if used >= self.tries:
            raise too_much({}, left_s)

    async def wrong(self, what: str) -> None:
        """One more was wrong."""
        await self.tallies.add(f"wrong:{what}", 1, window_s=self.window_s)
