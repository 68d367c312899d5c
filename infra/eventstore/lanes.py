"""Several threads that answer groups of callers, each for the part of the work that goes through its lane."""

import threading
from typing import Generic

from commands.errors import Unavailable
from infra.eventstore.grouping import Answer, Ask, Grouping, Together


class Lanes(Generic[Ask, Answer]):
    """A `Grouping` for each lane, made when something first goes through it."""

    def __init__(self, name: str, together: Together[Ask, Answer], *, limit: int) -> None:
        self._name = name
        self._together = together
        self._limit = limit
        self._lanes: dict[int, Grouping[Ask, Answer]] = {}
        self._open = True
        self._gate = threading.Lock()

    async def ask(self, lane: int, ask: Ask) -> Answer:
        """The answer of a lane; see `Grouping.ask`."""
        return await (self._lanes.get(lane) or self._made(lane)).ask(ask)

    def close(self) -> None:
        """Answer what waits, and end; blocks until then. May be repeated."""
        with self._gate:
            self._open = False
        for grouping in self._lanes.values():
            grouping.close()

    def _made(self, lane: int) -> Grouping[Ask, Answer]:
        with self._gate:
            if not self._open:
                raise Unavailable("the store is closed")
            if lane not in self._lanes:
                self._lanes[lane] = Grouping(f"{self._name}-{lane}", self._together, limit=self._limit)
            return self._lanes[lane]
