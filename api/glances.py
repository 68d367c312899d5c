"""How far read models are, found out once for all who ask within a moment.

Finding out means asking every store and the event store for every log: more than the rest of a hot read. What was true
a moment ago still is a bound: read models only move on.
"""

import asyncio
import time
from asyncio import Task
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from projections.ports import Reached

MOMENT_MS: Final = 150
"""For how long an answer counts."""
_AHEAD_S: Final = MOMENT_MS / 1000 * 0.6

Names = tuple[str, ...]


@dataclass(slots=True)
class _Glance:
    reached: Reached
    ends: float
    token: str | None = None


class Glances:
    """The last answers, by the read models that were asked about; for one event loop."""

    def __init__(self) -> None:
        self._known: dict[Names, _Glance] = {}
        self._looking: dict[Names, Task[Reached]] = {}

    def recent(self, names: Names, find: Callable[[], Awaitable[Reached]]) -> Reached | None:
        """What was found out no more than a moment ago; as that ends, it is found out again before anyone has to wait."""
        glance = self._known.get(names)
        if glance is None or (left := glance.ends - time.monotonic()) <= 0:
            return None
        if left < _AHEAD_S and names not in self._looking:
            self._begin(names, find).add_done_callback(_told)
        return glance.reached

    async def look(self, names: Names, find: Callable[[], Awaitable[Reached]]) -> Reached:
        """Find out, together with all who do so at the same time; an error is everybody's, and not kept."""
        return await asyncio.shield(self._looking.get(names) or self._begin(names, find))

    def _begin(self, names: Names, find: Callable[[], Awaitable[Reached]]) -> Task[Reached]:
        task = self._looking[names] = asyncio.create_task(self._find(names, find))
        return task

    def token(self, names: Names, reached: Reached, make: Callable[[], str]) -> str:
        """What the answer is as a token, made once for each answer."""
        glance = self._known.get(names)
        if glance is None or glance.reached is not reached:
            return make()
        if glance.token is None:
            glance.token = make()
        return glance.token

    async def _find(self, names: Names, find: Callable[[], Awaitable[Reached]]) -> Reached:
        ends = time.monotonic() + MOMENT_MS / 1000
        try:
            reached = await find()
        finally:
            del self._looking[names]
        self._known[names] = _Glance(reached, ends)
        return reached


def _told(task: Task[Reached]) -> None:
    """An error of a look ahead is met again by whoever has to look."""
    if not task.cancelled():
        task.exception()
