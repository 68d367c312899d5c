"""Copies of rows in Redis, and of the larger ones in this process: never older than the tables that they are of.

A writer changes the table, then ends the copy, then says that it is done. Whoever finds no copy takes a lease (a value
that only marks whose turn it is), reads the table, and puts the copy in place of that very lease. So what was read before
a change can't be put there after it: the lease is gone by then. What this process keeps counts only as long as Redis
has a copy with the same mark; so there is no message that could be missed.
"""

import asyncio
import os
from asyncio import Task
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from hashlib import sha1
from typing import Any, Final

import orjson
from redis import exceptions

from commands.errors import Unavailable
from infra.caching.hits import Hits, Tally
from infra.caching.recent import Recent
from infra.redis.dropping import Dropper
from infra.redis.line import Line
from infra.sqlite.shapes import Shape, shape_of
from projections.likes import LIKES
from projections.photos import PHOTOS, PhotoRow
from projections.profiles import PROFILES
from projections.rows import Key
from projections.stores import Model
from projections.visibility import VISIBILITY

COPIED: Final = frozenset(projection.name for projection in (VISIBILITY, PHOTOS, PROFILES, LIKES))
LIFE_MS: Final = 300_000
LEASE_MS: Final = 10_000
_KEPT: Final = 200_000
_LARGE: Final = frozenset({PhotoRow})
"""Rows whose copies are only fetched where this process has not the same."""
_MARK: Final = 8
_HEAD: Final = 1 + _MARK
_LEASE, _ROW, _NONE = b"L", b"R", b"-"
_PUT: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 end
return 0
"""
_PUT_SHA: Final = sha1(_PUT.encode(), usedforsecurity=False).hexdigest()

Load = Callable[[list[Key]], Awaitable[list[Any]]]
Rows = Mapping[str, Any]


class RedisCopies:
    """Rows of the projections that hot reads are made from; for one event loop, `drop` for any thread."""

    def __init__(self, url: str, *, realm: str, hits: Hits) -> None:
        self._line = Line(url)
        self._dropper = Dropper(url)
        self._realm = realm
        self._hits = hits
        self._kept: Recent[str, tuple[bytes, Any]] = Recent(_KEPT, Tally())
        self._loading: dict[tuple[str, bytes], Task[Rows]] = {}

    async def close(self) -> None:
        """Let the connections go."""
        await self._line.close()
        await asyncio.to_thread(self._dropper.close)

    def holds(self, model: Model) -> bool:
        """Whether rows of this build are copied at all."""
        return model.projection in COPIED

    def drop(self, model: Model, cls: type, keys: Collection[Key]) -> None:
        """End the copies of rows that were written."""
        if keys and self.holds(model):
            table = shape_of(cls).table.name
            self._dropper.drop(lambda run: [self._name(run, model, table, key) for key in keys])

    async def some(self, model: Model, cls: type, keys: Iterable[Key], load: Load) -> list[Any]:
        """The rows that there are under these keys; from the table alone where Redis can't be reached."""
        asked = list(dict.fromkeys(keys))
        shape = shape_of(cls)
        try:
            run = await self._line.run()
            names = {self._name(run, model, shape.table.name, key): key for key in asked}
            found = await self._copies(run, shape, list(names), large=cls in _LARGE)
            missing = [name for name in names if name not in found]
            tally = self._hits.of("redis", shape.table.name)
            tally.found += len(found)
            tally.missed += len(missing)
            if missing:
                found.update(await self._fetch(run, shape, {name: names[name] for name in missing}, load))
        except Unavailable:
            return await load(asked)
        return [row for row in found.values() if row is not None]

    def _name(self, run: str, model: Model, table: str, key: Key) -> str:
        return "\0".join((f"{self._realm}:{run}:{model}:{table}", *map(str, key)))

    async def _copies(self, run: str, shape: Shape, names: Sequence[str], *, large: bool) -> dict[str, Any]:
        """What is copied, or known to be nothing (None)."""
        if not names:
            return {}
        if not large:
            (values,) = await self._line.ask(run, [("MGET", *names)])
            return self._opened(shape, dict(zip(names, _checked(values), strict=True)))
        heads = _checked(await self._line.ask(run, [("GETRANGE", name, 0, _HEAD - 1) for name in names]))
        found: dict[str, Any] = {}
        other: list[str] = []
        for name, head in zip(names, heads, strict=True):
            kept = self._kept.get(name)
            if kept is not None and kept[0][:_HEAD] == head:
                found[name] = kept[1]
            elif head[:1] == _ROW or head == _NONE:
                other.append(name)
        tally = self._hits.of("process", shape.table.name)
        tally.found += len(found)
        tally.missed += len(names) - len(found)
        return found | await self._copies(run, shape, other, large=False)

    def _opened(self, shape: Shape, values: Mapping[str, bytes | None]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in values.items():
            if value == _NONE:
                found[name] = None
            elif value is not None and value[:1] == _ROW:
                kept = self._kept.get(name)
                if kept is None or kept[0] != value:
                    kept = (value, shape.decode(orjson.loads(value[_HEAD:])))
                    self._kept.keep({name: kept})
                found[name] = kept[1]
        return found

    async def _fetch(self, run: str, shape: Shape, names: Mapping[str, Key], load: Load) -> dict[str, Any]:
        """Read the table where this is the one whose turn it is, wait for those in this process whose turn it is."""
        lease = _LEASE + os.urandom(_MARK)
        begun: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._load(run, shape, names, lease, begun, load))
        for name in names:
            self._loading[name, lease] = task
        task.add_done_callback(lambda _: [self._loading.pop((name, lease)) for name in names])
        try:
            calls = [("SET", name, lease, "NX", "GET", "PX", LEASE_MS) for name in names]
            standing = dict(zip(names, _checked(await self._line.ask(run, calls)), strict=True))
        except BaseException:
            begun.cancel()
            await asyncio.wait({task})
            raise
        begun.set_result([name for name, value in standing.items() if value is None])
        found = self._opened(shape, standing)
        others = {
            name: self._loading[name, value]
            for name, value in standing.items()
            if value is not None and (name, value) in self._loading
        }
        alone = [name for name, value in standing.items() if value and name not in found and name not in others]
        own = await asyncio.shield(task)
        found.update(own)
        for name, flight in others.items():
            shared = await asyncio.shield(flight)
            found[name] = shared.get(name)
        if alone:  # another process has the turn, or had it and is gone
            found.update(_by_name(names, shape, await load([names[name] for name in alone])))
        return found

    async def _load(
        self,
        run: str,
        shape: Shape,
        names: Mapping[str, Key],
        lease: bytes,
        begun: asyncio.Future[list[str]],
        load: Load,
    ) -> Rows:
        own = await begun
        if not own:
            return {}
        rows: dict[str, Any] = dict.fromkeys(own)
        rows.update(_by_name(names, shape, await load([names[name] for name in own])))
        mark = lease[1:]
        values = {
            name: _NONE if row is None else _ROW + mark + orjson.dumps(shape.encode(row)) for name, row in rows.items()
        }
        calls = [("EVALSHA", _PUT_SHA, 1, name, lease, value, LIFE_MS) for name, value in values.items()]
        try:
            answers = await self._line.ask(run, calls)
            if any(isinstance(answer, exceptions.NoScriptError) for answer in answers):
                await self._line.ask(run, [("SCRIPT", "LOAD", _PUT), *calls])
        except Unavailable:
            return rows
        self._kept.keep({name: (values[name], row) for name, row in rows.items() if row is not None})
        return rows


def _by_name(names: Mapping[str, Key], shape: Shape, rows: Iterable[Any]) -> dict[str, Any]:
    """Rows under the names that they were asked for by."""
    name_of = {key: name for name, key in names.items()}
    return {name_of[shape.key(row)]: row for row in rows}


def _checked(answers: Sequence[Any] | Exception) -> Sequence[Any]:
    """Answers; raises `Unavailable` where there is an error among them, for then nothing is sure."""
    errors = [answers] if isinstance(answers, Exception) else [each for each in answers if isinstance(each, Exception)]
    if isinstance(answers, Exception) or errors:
        raise Unavailable(f"Redis: {errors[0]!r}")
    return answers
