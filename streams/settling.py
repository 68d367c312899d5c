"""Settling: a reaction that finishes what commands set out to do at other homes, where a crash kept them from it.

The work is the rows of the `settling` read model, so it is lost with no process. Everything here may be done twice, by
whoever and at once: a follow goes by the highest version of a block that it heard of, and lets nobody in twice.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import structlog

from domain.ids import MemberId
from projections.ports import Unsettled
from projections.settling import OpenedAccountRow, UnsettledBlockRow
from streams.relay import Lease

SWEEP_S: Final = 2.0
"""How often the rows are looked at."""
LEFT: Final = timedelta(seconds=2)
"""How old a row must be to be taken for left: until then its own command is at it."""
SURE: Final = timedelta(seconds=15)
"""How long after an account was opened nobody asks to follow any more who saw it private; commands are shorter."""
MOST: Final = 1_000
"""Requests that are accepted in one go."""
_PAGE: Final = 100

_log = structlog.get_logger(__name__)

R = TypeVar("R", UnsettledBlockRow, OpenedAccountRow)
R_co = TypeVar("R_co", covariant=True)
K = TypeVar("K")
K_contra = TypeVar("K_contra", contravariant=True)


class Leading(Protocol):
    """Who of many processes does it."""

    def lead(self, name: str) -> AbstractAsyncContextManager[Lease]:
        """Wait for the leadership of that name."""
        ...


@dataclass(frozen=True, slots=True)
class Finish:
    """The commands that finish: let follows hear of a block; let in who asked (how many were); say that all are in."""

    settle_block: Callable[[MemberId, MemberId], Awaitable[object]]
    accept_requests: Callable[[MemberId, Mapping[int, int], int], Awaitable[int]]
    settle_requests: Callable[[MemberId], Awaitable[object]]


@dataclass(slots=True)
class Settling:
    """Finishes what was left for as long as it runs; of many processes one does, where there is a `leadership`."""

    unsettled: Unsettled
    finish: Finish
    now: Callable[[], datetime]
    leadership: Leading | None = None
    sweep_s: float = SWEEP_S
    left: timedelta = LEFT
    sure: timedelta = SURE

    async def run(self) -> None:
        """Finish until cancelled, after whatever goes wrong."""
        while True:
            try:
                if self.leadership is None:
                    await self._sweep()
                else:
                    async with self.leadership.lead("settling") as lease:
                        while await lease.held():
                            await self._sweep()
                            await asyncio.sleep(self.sweep_s)
            except Exception as error:  # noqa: BLE001 reported, and tried again
                _log.error("what was left can't be finished", exc_info=error)
            await asyncio.sleep(self.sweep_s)

    async def _sweep(self) -> None:
        blocks = _all(self.unsettled.blocks, lambda row: (row.blocker_id, row.blocked_id))
        openings = _all(self.unsettled.openings, lambda row: row.member_id)
        async for block in blocks:
            await self._try(block, self._block)
        async for opened in openings:
            await self._try(opened, self._opened)

    async def _try(self, row: R, finish: Callable[[R], Awaitable[None]]) -> None:
        """One that can't be finished now holds up no other; its row stands, and the next sweep finds it."""
        if self.now() - row.since < self.left:
            return
        try:
            await finish(row)
        except Exception as error:  # noqa: BLE001 reported, and tried again
            _log.error("not finished", row=row, exc_info=error)

    async def _block(self, row: UnsettledBlockRow) -> None:
        await self.finish.settle_block(row.blocker_id, row.blocked_id)

    async def _opened(self, row: OpenedAccountRow) -> None:
        accepted = await self.finish.accept_requests(row.member_id, {row.log: row.number}, MOST)
        if not accepted and self.now() - row.since >= self.sure:
            await self.finish.settle_requests(row.member_id)


class _Page(Protocol[R_co, K_contra]):
    async def __call__(self, *, after: K_contra | None, limit: int) -> Sequence[R_co]: ...


async def _all(page: _Page[R, K], key_of: Callable[[R], K]) -> AsyncIterator[R]:
    after: K | None = None
    while rows := await page(after=after, limit=_PAGE):
        for row in rows:
            yield row
        after = key_of(rows[-1])
