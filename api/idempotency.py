"""Idempotency keys: a POST that was answered is answered the same again, even while the first is still at work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final, Protocol, TypeVar

from fastapi import Header, Request
from starlette.responses import Response

from api.answers import done
from api.ports import Limits
from api.problems import Problem
from commands.deciding import Receipt
from commands.errors import Conflict
from commands.once import Once
from domain import once as keys
from domain.errors import Contradicted, Invalid
from domain.once import KEY_MOST, Answer

S = TypeVar("S")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=KEY_MOST,
        description="A text of your choice: a repeat with the same key within 24 h gets the first answer.",
    ),
]
REPLAYED: Final = {"Idempotency-Replayed": "true"}


class Recall(Protocol):
    """Looks up how a request was answered before."""

    async def __call__(self, once: Once, /) -> Receipt[None] | None:
        """The first answer, if there is one."""
        ...


@dataclass(slots=True)
class _Turn:
    """The line of requests with one key in this process."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


@dataclass(slots=True)
class Idempotency:
    """Answers requests once; holds the keys that are in flight in this process."""

    recall: Recall
    limits: Limits
    _turns: dict[str, _Turn] = field(default_factory=dict)

    async def answer(
        self,
        request: Request,
        covered: Mapping[int, int],
        *,
        caller: str | None,
        slot: int,
        make: Callable[[S], Answer],
        run: Callable[[Once | None], Awaitable[Receipt[S]]],
    ) -> Response:
        """Run a command, or repeat what it was answered with.

        `make` builds the answer from the state after the command, before it is committed and again for the first
        answer; it has to be a plain function of that state.
        """
        once = await _once(request, caller, slot, make)
        if once is None:
            receipt = await run(None)
            return _respond(request, covered, receipt, make)
        async with self._turn(once.stream.name):
            receipt = await self._once(once, run)
        return _respond(request, covered, receipt, make)

    async def _once(self, once: Once, run: Callable[[Once | None], Awaitable[Receipt[S]]]) -> Receipt[Any]:
        if (before := await self.recall(once)) is not None:
            return before
        try:
            return await run(once)
        except (Contradicted, Conflict):
            # another process may have been faster with the same request, and this is what it left for ours
            if (meanwhile := await self.recall(once)) is not None:
                return meanwhile
            raise

    @asynccontextmanager
    async def _turn(self, name: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(name, _Turn())
        turn.waiting += 1
        try:
            try:
                async with asyncio.timeout(self.limits.in_flight_s):
                    await turn.lock.acquire()
            except TimeoutError:
                raise Problem(
                    HTTPStatus.CONFLICT, "in_flight", "The first request with this key is still at work."
                ) from None
            try:
                yield
            finally:
                turn.lock.release()
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                self._turns.pop(name, None)


async def _once(request: Request, caller: str | None, slot: int, make: Callable[[Any], Answer]) -> Once | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= KEY_MOST:
        raise Invalid("invalid", f"must have 1 to {KEY_MOST} characters", field="Idempotency-Key")
    digest = sha256(await request.body()).hexdigest()
    who = caller if caller is not None else f"anonymous:{digest}"
    stream = keys.stream(who, request.method, request.url.path, key, slot)
    return Once(stream, caller or "", digest, make)


def _respond(
    request: Request, covered: Mapping[int, int], receipt: Receipt[Any], make: Callable[[Any], Answer]
) -> Response:
    answer = receipt.replayed or make(receipt.state)
    headers = REPLAYED if receipt.replayed else None
    body = answer.body.encode()
    return done(request, receipt.reached, covered, status=answer.status, body=body, headers=headers)
