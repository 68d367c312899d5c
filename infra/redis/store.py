"""The store of counters in Redis: adds, exactly once each, and knows when its counts are not whole."""

import sys
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from redis.asyncio import Redis

from domain.positions import covers
from domain.recorded import Recorded
from infra.redis.connecting import Call, send
from infra.redis.keys import (
    ADD,
    ADD_PARKED,
    MARK,
    MOVE,
    REFILLING,
    RESET,
    STATE,
    WHOLE,
    Names,
    Tallied,
    group_of,
    packed,
    tally_of,
)
from infra.redis.letters import Letters, again, mark_of, opened, storable
from infra.redis.letters import field_of as letter_of
from projections.rows import Count, Key, Projection, Row, Tally, key_of
from projections.stores import Batch, DeadLetter, Fed, Model, OutOfReachError, PoisonedError

_MARKED_EVERY_S: Final = 1.0

Sums = dict[int, dict[Tallied, int]]
"""What is to be added, by group: one that is touched at all is here, with nothing to add where all evens out."""


class Marks(Protocol):
    """Remembers elsewhere how far counters have come, so that after a loss it is known when they are whole again."""

    async def save(self, model: Model, log: int, number: int) -> None:
        """Remember a checkpoint."""
        ...

    async def load(self, model: Model) -> Mapping[int, int]:
        """What was last remembered of each log."""
        ...


class NotMadeToCount(ValueError):
    """A projection writes rows; this store only counts."""


class RedisCounterStore:
    """Counts, checkpoints and dead letters of projections that only count."""

    def __init__(self, client: Redis, marks: Marks, *, realm: str, now: Callable[[], datetime]) -> None:
        self._client = client
        self._marks = marks
        self._realm = realm
        self._now = now
        self._marked: dict[tuple[Model, int], float] = {}
        self._walks: dict[Model, _Walk] = {}

    async def prepare(self, model: Model, projection: Projection, shards: int) -> None:
        """Mark every group of a new build as whole, and empty."""
        del shards
        if projection.rows != (Tally,):
            raise NotMadeToCount(f"{projection.name} does more than count")
        names = Names(self._realm, model)
        marks = (("HSET", group.counts, MARK, WHOLE) for group in names.groups)
        await send(self._client, [("HSET", names.checkpoints, STATE, WHOLE), *marks])

    async def clear(self, model: Model) -> None:
        """End everything of a build; may be repeated."""
        await send(self._client, [("UNLINK", key) for key in Names(self._realm, model).all()])

    async def feed(self, model: Model, projection: Projection, shards: int, batch: Batch, *, park: bool) -> Fed:
        """Add what a batch counts, group by group, and then move its log's checkpoint."""
        del shards
        names = Names(self._realm, model)
        first = [("HMGET", names.checkpoints, batch.log, STATE), ("HVALS", names.letters)]
        marks = [("HGET", group.at, batch.log) for group in names.groups]
        (reached, state), found, *marked = await send(self._client, [*first, *marks])
        if int(reached or 0) != batch.expected:
            return Fed.MISMATCH
        letters = Letters(found, batch, self._now)
        at = [int(number or 0) for number in marked]
        sums = self._sums(model, projection, batch, letters, at, park=park)
        if not await self._add(names, batch, sums, at, ranked=projection.ranked):
            return Fed.MISMATCH
        moved = await send(self._client, [*_kept(names, letters), _move(names, batch)])
        if not moved[-1]:
            return Fed.MISMATCH
        if state == WHOLE:
            await self._mark(model, batch)
        else:
            await self._declare_whole(model, names)
        return Fed.APPLIED

    async def checkpoints(self, model: Model, logs: Iterable[int] | None = None) -> Mapping[int, int]:
        """How far a build has come; where a group was lost, nowhere: it is to be filled from the beginning.

        Who asks for certain logs wants to read: while counts are not whole, that is refused.
        """
        names = Names(self._realm, model)
        marks = [("HEXISTS", group.counts, MARK) for group in names.groups]
        found, *marked = await send(self._client, [("HGETALL", names.checkpoints), *marks])
        if not all(marked):
            await self._reset(names)
        if logs is not None and not (all(marked) and dict(_pairs(found)).get(STATE) == WHOLE):
            raise OutOfReachError(model.projection)
        if not all(marked):
            return {}
        reached = {int(log): int(number) for log, number in _pairs(found) if log != STATE}
        return {log: reached[log] for log in sorted(reached if logs is None else reached.keys() & set(logs))}

    async def letters(self, model: Model) -> int:
        """How many facts are parked."""
        return int((await send(self._client, [("HLEN", Names(self._realm, model).letters)]))[0])

    async def dead_letters(self, model: Model, *, limit: int) -> Sequence[DeadLetter]:
        """What is parked, in the order of the log."""
        (found,) = await send(self._client, [("HVALS", Names(self._realm, model).letters)])
        letters = [opened(model, letter) for letter in found]
        return sorted(letters, key=lambda letter: (letter.log, letter.number))[:limit]

    async def retry(self, model: Model, projection: Projection, shards: int, facts: Sequence[Recorded]) -> int:
        """Count parked facts of one stream, each in all its groups once, and then delete its letter."""
        del shards
        names = Names(self._realm, model)
        found = await self.dead_letters(model, limit=sys.maxsize)
        waiting = [(each.log, each.number) for each in found if facts and each.stream == storable(facts[0].stream)]
        applied = 0
        for fact in facts:
            place = (fact.position.log, fact.position.number)
            if place not in waiting:
                continue
            if place != waiting.pop(0) or not await self._count_parked(names, projection, fact):
                break
            applied += 1
        return applied

    async def discard(self, model: Model, log: int, number: int) -> bool:
        """Delete a letter; False where there is none."""
        return bool(
            (await send(self._client, [("HDEL", Names(self._realm, model).letters, letter_of(log, number))]))[0]
        )

    async def rows(self, model: Model, shards: int, cls: type, *, after: Key | None, limit: int) -> Sequence[Row]:
        """The tallies in the order of their key.

        Redis keeps no order, so all are read at once, and kept for who asks for what follows the page before; whoever
        asks from elsewhere is shown what is there now.
        """
        del shards, cls
        walk = self._walks.pop(model, None)
        if walk is None or after is None or after != walk.reached:
            walk = _Walk(await self._tallies(model))
        page = walk.beyond(after, limit)
        if page:
            walk.reached = key_of(page[-1])
            self._walks[model] = walk
        return page

    async def _tallies(self, model: Model) -> list[Tally]:
        found = await send(self._client, [("HGETALL", group.counts) for group in Names(self._realm, model).groups])
        counts = ((*tally_of(field), int(count)) for each in found for field, count in _pairs(each) if field != MARK)
        return [Tally(subject, kind, count) for subject, kind, count in sorted(counts)]

    def _sums(
        self, model: Model, projection: Projection, batch: Batch, letters: Letters, at: Sequence[int], *, park: bool
    ) -> Sums:
        """What a batch adds to each group beyond the group's own checkpoint.

        A group that was done by an attempt that got no further stands beyond the log's checkpoint.
        """
        sums: defaultdict[Tallied, int] = defaultdict(int)
        reached, handles, furthest = batch.expected, frozenset(projection.handles), max(at)
        for fact in batch.facts:
            number = fact.position.number
            if number <= reached:
                continue
            reached = number
            if type(fact.event) not in handles and not projection.concerned_by(fact):
                continue
            if letters.holds(fact.stream):
                letters.park_behind(fact)
                continue
            try:
                counts = _counted(projection, fact)
            except NotMadeToCount:
                raise
            except Exception as error:
                if not park:
                    raise PoisonedError(model, fact) from error
                letters.park(fact, error)
                continue
            for each in counts:
                if number > furthest or number > at[group_of(each.subject)]:
                    sums[each.subject, each.kind] += each.by
        return _grouped(sums)

    async def _count_parked(self, names: Names, projection: Projection, fact: Recorded) -> bool:
        """Count one parked fact; False where it can't be, and then its letter says why."""
        field = letter_of(fact.position.log, fact.position.number)
        try:
            counted = _counted(projection, fact) if projection.concerned_by(fact) else []
        except NotMadeToCount:
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, it is the fact's fault, and is told
            (letter,) = await send(self._client, [("HGET", names.letters, field)])
            if letter is not None:
                await send(self._client, [("HSET", names.letters, field, again(letter, error, self._now()))])
            return False
        tallied: defaultdict[Tallied, int] = defaultdict(int)
        for each in counted:
            tallied[each.subject, each.kind] += each.by
        sums = _grouped(tallied)
        mark = mark_of(fact.position.log, fact.position.number)
        calls: list[Call] = []
        for group, counts in sums.items():
            keys = names.groups[group].written(ranked=projection.ranked)
            calls.append(("run", ADD_PARKED, *keys, mark, packed(counts)))
        if -1 in await send(self._client, calls):
            await self._reset(names)
            return False
        await send(self._client, [("HDEL", names.letters, field)])
        await send(self._client, [("HDEL", names.groups[group].at, mark) for group in sums])
        return True

    async def _add(self, names: Names, batch: Batch, sums: Sums, at: Sequence[int], *, ranked: bool) -> bool:
        """Add to each group what it lacks; False where another host was faster, or it is lost."""
        calls: list[Call] = []
        for group, counts in sums.items():
            keys = names.groups[group].written(ranked=ranked)
            calls.append(("run", ADD, *keys, batch.log, at[group], batch.last, packed(counts)))
        answers = await send(self._client, calls)
        if -1 in answers:
            await self._reset(names)
        return all(answer == 1 for answer in answers)

    async def _reset(self, names: Names) -> None:
        """A group was lost: start over. The groups that are whole pass over what they have."""
        marks = (("HSETNX", group.counts, MARK, REFILLING) for group in names.groups)
        await send(self._client, [("run", RESET, 1, names.checkpoints), ("UNLINK", names.letters), *marks])

    async def _mark(self, model: Model, batch: Batch) -> None:
        """Remember how far the counts have come, now and then."""
        at = time.monotonic()
        if at - self._marked.get((model, batch.log), 0.0) >= _MARKED_EVERY_S:
            self._marked[model, batch.log] = at
            await self._marks.save(model, batch.log, batch.last)

    async def _declare_whole(self, model: Model, names: Names) -> None:
        """Once the counts have come as far as before the loss, they may be read again."""
        if covers(await self.checkpoints(model), await self._marks.load(model)):
            marks = [("HSET", group.counts, MARK, WHOLE) for group in names.groups]
            await send(self._client, [*marks, ("HSET", names.checkpoints, STATE, WHOLE)])


def _counted(projection: Projection, fact: Recorded) -> list[Count]:
    counts = []
    for change in projection.changes(fact, _BLIND):
        if not isinstance(change, Count):
            raise NotMadeToCount(f"{projection.name} does more than count")
        counts.append(change)
    return counts


def _grouped(sums: Mapping[Tallied, int]) -> Sums:
    groups: Sums = {}
    for tallied, by in sums.items():
        groups.setdefault(group_of(tallied[0]), {})[tallied] = by
    return groups


@dataclass(slots=True)
class _Walk:
    """Tallies as they were when a walk over them began, and the last one that was given."""

    tallies: Sequence[Tally]
    reached: Key | None = None

    def beyond(self, after: Key | None, limit: int) -> Sequence[Tally]:
        """The next ones."""
        start = 0 if after is None else bisect_right(self.tallies, tuple(after), key=key_of)
        return self.tallies[start : start + limit]


class _Blind:
    """The port `Look` where there is nothing to see: what counts depends on the fact alone."""

    def get(self, cls: type, *key: str) -> Any:
        """Refused."""
        raise NotMadeToCount(f"{cls.__name__} can't be looked at while counting: {key}")

    def list(self, cls: type, *prefix: str, limit: int | None = None) -> Iterable[Any]:
        """Refused."""
        del limit
        raise NotMadeToCount(f"{cls.__name__} can't be looked at while counting: {prefix}")


_BLIND: Final = _Blind()


def _kept(names: Names, letters: Letters) -> list[Call]:
    calls: list[Call] = [("HDEL", names.letters, field) for field in letters.stale if field not in letters.parked]
    return calls + [("HSET", names.letters, field, letter) for field, letter in letters.parked.items()]


def _move(names: Names, batch: Batch) -> Call:
    return ("run", MOVE, 1, names.checkpoints, batch.log, batch.expected, batch.last)


def _pairs(answer: Any) -> list[tuple[bytes, bytes]]:
    """The fields and values of a hash, as whichever protocol gives them."""
    return list(answer.items()) if isinstance(answer, dict) else list(zip(answer[::2], answer[1::2], strict=True))
