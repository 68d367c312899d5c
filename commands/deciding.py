"""Load, fold, choose, append: how every command becomes events, with a bounded number of tries."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from commands.errors import Conflict, Unavailable
from commands.once import Once
from commands.ports import Deps, Loaded, Write
from domain import once as answers
from domain.events import Event
from domain.folding import fold
from domain.homes import Stream
from domain.once import Answer
from domain.positions import furthest
from domain.recorded import Recorded

TRIES: Final = 8
_BACK_OFF_S: Final = 0.002

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Part(Generic[S]):
    """A stream that a decision reads and may write, and how it folds.

    A `fresh` one is only just to come to be: where its id was drawn before, the decision is a conflict, and what lies
    there stays as it is.
    """

    stream: Stream
    evolve: Callable[[S, Event], S]
    start: S
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Receipt(Generic[S]):
    """What a command came to.

    `reached` covers all that it wrote, or where it wrote nothing all that it looked at. `replayed` is the first answer,
    where an idempotency key came again. With `pending`, the events are recorded, but the read store did not take what
    they restrict; the live hosts will bring it.
    """

    state: S
    recorded: tuple[Recorded, ...] = ()
    reached: dict[int, int] = field(default_factory=dict)
    replayed: Answer | None = None
    pending: bool = False


async def decide(
    deps: Deps, part: Part[S], choose: Callable[[S], Sequence[Event]], *, once: Once | None = None
) -> Receipt[S]:
    """Decide over one stream; `choose` may be called again after a lost race, and refuses by raising."""
    receipt = await decide_together(deps, (part,), lambda states: (choose(states[0]),), once=once and once.of_first())
    return Receipt(
        receipt.state[0] if receipt.state else part.start,
        receipt.recorded,
        receipt.reached,
        receipt.replayed,
        receipt.pending,
    )


async def decide_together(
    deps: Deps,
    parts: Sequence[Part[Any]],
    choose: Callable[[tuple[Any, ...]], Sequence[Sequence[Event]]],
    *,
    once: Once | None = None,
) -> Receipt[tuple[Any, ...]]:
    """Decide over several streams of one log: all that is chosen is written in one transaction, or nothing.

    Raises `Conflict` after so many lost races that something must be wrong, and for a fresh stream that is there.
    """
    for attempt in range(TRIES):
        if attempt:
            await asyncio.sleep(random.uniform(0, _BACK_OFF_S * 2**attempt))  # noqa: S311 - spreads retries, no secret
        streams = [part.stream for part in parts]
        loaded = await deps.store.load(*streams, *([once.stream] if once else []))
        if once and (answer := answered(once, loaded[-1], deps)):
            return Receipt((), reached=_positions(loaded), replayed=answer)
        for part, stored in zip(parts, loaded, strict=False):
            if part.fresh and stored.version:
                raise Conflict(f"{part.stream.name} was drawn before")
        befores = tuple(_folded(part, stored) for part, stored in zip(parts, loaded, strict=False))
        chosen = choose(befores)
        afters = tuple(
            fold(part.evolve, before, events) for part, before, events in zip(parts, befores, chosen, strict=True)
        )
        writes = [
            Write(part.stream, stored.version, tuple(events))
            for part, stored, events in zip(parts, loaded, chosen, strict=False)
            if events
        ]
        if once:
            writes.append(once.write(loaded[-1].version, afters, deps.now()))
        if not writes:
            return Receipt(afters, reached=_positions(loaded))
        try:
            recorded = await deps.store.append(writes, deps.context())
        except Conflict:
            continue
        pending = await _restrict(deps, recorded)
        return Receipt(afters, recorded, furthest(fact.position for fact in recorded), pending=pending)
    raise Conflict(f"{parts[0].stream.name} was contended for {TRIES} tries")


async def look(deps: Deps, part: Part[S]) -> S:
    """A stream's state as recorded, for a decision that is taken elsewhere."""
    (loaded,) = await deps.store.load(part.stream)
    return _folded(part, loaded)


async def recall(once: Once, *, deps: Deps) -> Receipt[None] | None:
    """What a request was answered with, if it was; asked before its command, whose own look may come too late."""
    (loaded,) = await deps.store.load(once.stream)
    answer = answered(once, loaded, deps)
    return Receipt(None, reached=_positions([loaded]), replayed=answer) if answer else None


def answered(once: Once, loaded: Loaded, deps: Deps) -> Answer | None:
    """The first answer to a request, if it was answered before."""
    before = fold(answers.evolve, None, (fact.event for fact in loaded.events))
    return answers.recall(before, once.body_hash, deps.now())


async def _restrict(deps: Deps, recorded: Sequence[Recorded]) -> bool:
    try:
        await deps.immediate.apply(recorded)
    except Unavailable:
        return True
    return False


def _folded(part: Part[S], loaded: Loaded) -> S:
    return fold(part.evolve, part.start, (fact.event for fact in loaded.events))


def _positions(loaded: Sequence[Loaded]) -> dict[int, int]:
    return furthest(fact.position for stored in loaded for fact in stored.events)
