"""Positions as tokens: what a command reached, what a read must have applied, and how fresh its answer is.

A token names logs and their numbers, as long as these are few. More become a floor: a time, up to which every log has
to be applied. So tokens stay short however many logs there are, and however many were merged.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request

from api.glances import MOMENT_MS, Glances
from api.ports import Limits, Now
from api.problems import Problem
from api.signing import Sealer
from domain.positions import covers, merge
from projections.ports import Progress, Reached
from projections.stores import NoLiveModelError

MOST_TOKENS: Final = 64
SPARED: Final = frozenset({"counters"})
"""Read models that an answer can do without: what they hold is shown as unknown while they can't be read."""
MOST_LOGS: Final = 64
"""Logs that a token names; it is short enough then to be carried in a header."""
FLOOR: Final = -1
"""Stands in a map of positions for all logs that it doesn't name; its number is a time, in milliseconds."""
_PURPOSE: Final = "position.1"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LOOK_S: Final = 0.05
_NOTHING: Final[Mapping[int, int]] = {}


@dataclass(frozen=True, slots=True)
class Positions:
    """Makes and reads tokens, and waits for read models."""

    sealer: Sealer
    progress: Progress
    limits: Limits
    now: Now
    glances: Glances = field(default_factory=Glances)

    def token(self, reached: Mapping[int, int], lag_ms: int = 0, *, met: Mapping[int, int] = _NOTHING) -> str:
        """The opaque form of a map of positions, outside of which nothing is missing that is older than the lag.

        `met` is what was asked for and is reached: it is not forgotten where the rest becomes a floor.
        """
        if len(reached.keys() - {FLOOR}) > MOST_LOGS:
            floor = {FLOOR: self._clock() - lag_ms}
            kept = merge((floor, {FLOOR: reached.get(FLOOR, 0)}, met))
            reached = kept if len(kept) <= MOST_LOGS else {FLOOR: max(self._clock(), kept[FLOOR])}
        return self.sealer.seal(_PURPOSE, {str(log): number for log, number in sorted(reached.items())})

    def read(self, header: str | None) -> dict[int, int]:
        """What one or several tokens ask for; 400 `position_invalid` for anything else."""
        if header is None:
            return {}
        tokens = [token.strip() for token in header.split(",")]
        if len(tokens) > MOST_TOKENS:
            raise _invalid()
        return merge(self._open(token) for token in tokens)

    async def fresh(self, names: tuple[str, ...], header: str | None) -> Reached:
        """How far these read models are, once they are as far as the header asks; else 503 `not_caught_up`.

        Nothing is waited for, and nothing said, of one that is `SPARED` and can't be read.
        """
        wanted = self.read(header)
        recent = self.recent(names)
        if recent is not None and FLOOR not in wanted and covers(recent.positions, wanted):
            return recent
        if not wanted:
            return await self.glances.look(names, lambda: self._found(names, _NOTHING))
        return await self._found(names, wanted)

    def recent(self, names: tuple[str, ...]) -> Reached | None:
        """How far these read models are, where that was found out a moment ago."""
        return self.glances.recent(names, lambda: self._found(names, _NOTHING))

    def told(self, names: tuple[str, ...], reached: Reached, header: str | None) -> str:
        """The token of an answer made from these read models, to a request with this header."""

        def make() -> str:
            return self.token(reached.positions, reached.lag_ms + MOMENT_MS, met=self.read(header))

        return make() if header is not None else self.glances.token(names, reached, make)

    async def _found(self, names: tuple[str, ...], wanted: Mapping[int, int]) -> Reached:
        try:
            return await self._fresh(names, wanted)
        except NoLiveModelError as error:
            needed = tuple(name for name in names if name not in SPARED)
            if needed == names or error.projection not in SPARED:
                raise
        return await self._fresh(needed, wanted)

    async def _fresh(self, names: tuple[str, ...], wanted: Mapping[int, int]) -> Reached:
        clock = asyncio.get_running_loop().time
        end = clock() + self.limits.catch_up_s
        named = {log: number for log, number in wanted.items() if log != FLOOR}
        if named and not await self.progress.wait(names, named, timeout_s=self.limits.catch_up_s):
            raise _not_caught_up()
        floor = wanted.get(FLOOR, 0)
        while True:
            reached = await self.progress.reached(names)
            # the oldest thing that is not applied was recorded so long ago: up to then, everything is
            if not reached.lag_ms or self._clock() - reached.lag_ms > floor:
                return reached
            if (left := end - clock()) <= 0:
                raise _not_caught_up()
            await asyncio.sleep(min(_LOOK_S, left))

    def _clock(self) -> int:
        return (self.now() - _EPOCH) // _MILLISECOND

    def _open(self, token: str) -> dict[int, int]:
        held = self.sealer.open(_PURPOSE, token)
        if not isinstance(held, dict):
            raise _invalid()
        return {int(log): int(number) for log, number in held.items()}


MinPosition = Annotated[
    str | None,
    Header(
        alias="X-Min-Position",
        description="`X-Position` tokens of earlier answers, joined by commas.",
    ),
]


def asked_position(request: Request) -> str | None:
    """The tokens that a request carries, of repeated headers too."""
    return ",".join(request.headers.getlist("X-Min-Position")) if "X-Min-Position" in request.headers else None


def fresh(*names: str) -> Callable[..., Coroutine[Any, Any, Reached]]:
    """A dependency: read models as fresh as the request asks for, and how fresh they are."""

    async def wait(request: Request, _: MinPosition = None) -> Reached:
        positions: Positions = request.app.state.positions
        return await positions.fresh(names, asked_position(request))

    return wait


async def _covered(request: Request, _: MinPosition = None) -> dict[int, int]:
    positions: Positions = request.app.state.positions
    return positions.read(asked_position(request))


Covered = Annotated[dict[int, int], Depends(_covered)]
"""What a command's own position has to cover besides what it reaches."""


def covering(reached: Reached, at: datetime, wanted: Mapping[int, int]) -> bool:
    """Whether what was made `at` a time, from read models that had reached so much, holds all that is wanted."""
    if any(number > reached.positions.get(log, 0) for log, number in wanted.items() if log != FLOOR):
        return False
    return FLOOR not in wanted or (at - _EPOCH) // _MILLISECOND - reached.lag_ms > wanted[FLOOR]


def _not_caught_up() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "not_caught_up",
        "What this answer is made from has not reached that position yet.",
        headers={"Retry-After": "1"},
    )


def _invalid() -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "position_invalid", "That is not a position that was given out here.")
