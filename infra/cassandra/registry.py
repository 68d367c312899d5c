"""The registry of builds, for all processes: one partition, changed only by conditional writes.

Every process keeps what it read for a moment (`fresh_s`), so reads ask for free; a switch is seen by all within that,
and a build's tables stay for longer than that after it was dropped.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cassandra.query import BatchStatement, BatchType

from commands.errors import Unavailable
from infra.cassandra.connecting import Cassandra
from infra.sqlite.shapes import micros
from projections.stores import Model, NoLiveModelError, RebuildRunningError, State

FRESH_S: Final = 0.5
FED: Final = frozenset({State.LIVE, State.READY, State.RETIRED})
"""The states in which a build takes what happens."""

_HIDDEN: Final = "hidden"
"""Being made, or dropped: its tables may be there, but nobody is to know of it."""
_GONE: Final = "gone"
"""Ended for good; the row stays, so that no number ever means two builds."""
_LEASE_S: Final = 30
_ATTEMPTS: Final = 20

_WHERE: Final = "WHERE realm = ? AND projection = ? AND build = ?"
_ALL: Final = "SELECT projection, build, code_version, state, shards, since, paused, live FROM models WHERE realm = ?"
_RESERVE: Final = (
    "INSERT INTO models (realm, projection, build, code_version, state, shards, since)"
    " VALUES (?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS"
)
_STATE: Final = f"UPDATE models SET state = ?, since = ? {_WHERE} IF state = ?"  # noqa: S608 a constant
_PAUSE: Final = f"UPDATE models SET paused = ? {_WHERE} IF state = ?"  # noqa: S608 a constant
_ALIAS: Final = f"UPDATE models SET live = ? {_WHERE} IF live = ?"  # noqa: S608 a constant


@dataclass(frozen=True, slots=True)
class Entry:
    """What the registry says of a build."""

    code_version: int
    state: State
    shards: int
    paused: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The registry at one moment; `hidden` are builds being made or dropped, and since when (microseconds)."""

    entries: Mapping[Model, Entry]
    alias: Mapping[str, Model]
    hidden: Mapping[Model, int]
    last: Mapping[str, int]

    def live(self, projection: str) -> Model:
        """The build that reads use."""
        try:
            return self.alias[projection]
        except KeyError:
            raise NoLiveModelError(projection) from None

    def entry(self, model: Model) -> Entry:
        """What is known of a build; `ValueError` where there is none."""
        try:
            return self.entries[model]
        except KeyError:
            raise ValueError(f"there is no build {model}") from None

    def fed(self, projection: str) -> list[Model]:
        """The builds that take what happens."""
        return [model for model, entry in self.entries.items() if model.projection == projection and entry.state in FED]


class Registry:
    """Which builds there are, in which state, and which of them reads use."""

    def __init__(
        self, cassandra: Cassandra, realm: str, now: Callable[[], datetime], *, fresh_s: float = FRESH_S
    ) -> None:
        self._cassandra = cassandra
        self._realm = realm
        self._now = now
        self.fresh_s = fresh_s
        self._known: tuple[float, Snapshot] | None = None
        self._changes = 0
        self._turn = asyncio.Lock()

    async def snapshot(self) -> Snapshot:
        """What stands there, no older than `fresh_s`."""
        known = self._known
        if known is not None and time.monotonic() - known[0] < self.fresh_s:
            return known[1]
        async with self._turn:
            if self._known is not None and self._known is not known:
                return self._known[1]
            began, changes = time.monotonic(), self._changes
            found = await self.read()
            if changes == self._changes:  # what this process itself changed, it sees at once
                self._known = began, found
            return found

    async def read(self) -> Snapshot:
        """What stands there now."""
        entries, alias, hidden, last = {}, {}, {}, {}
        rows = await self._cassandra.fetch(_ALL, self._realm)
        for projection, build, code_version, state, shards, since, paused, live in rows:
            model = Model(projection, build)
            last[projection] = build
            if build == 0:
                alias[projection] = live
            elif state == _HIDDEN:
                hidden[model] = since
            elif state != _GONE:
                entries[model] = Entry(code_version, State(state), shards, bool(paused))
        aliases = {name: Model(name, live) for name, live in alias.items() if live is not None}
        return Snapshot(entries, aliases, hidden, last)

    async def reserve(self, projection: str, code_version: int, shards: int) -> Model:
        """The next number, for a build that nobody sees until it is entered."""
        for _ in range(_ATTEMPTS):
            model = Model(projection, (await self.read()).last.get(projection, 0) + 1)
            values = (*self._key(model), code_version, _HIDDEN, shards, micros(self._now()))
            if (await self._cassandra.fetch(_RESERVE, *values))[0][0]:
                return model
        raise Unavailable(f"too many builds of {projection} are made at once")

    async def enter(self, model: Model, state: State) -> None:
        """Show a build whose tables are ready; `ValueError` where it was to be live and another one is."""
        live = [(_ALIAS, (model.build, *self._head(model), None))] if state is State.LIVE else []
        if not await self._change([self._to(model, state, _HIDDEN), *live]):
            raise ValueError(f"{model.projection} has a live build already")

    async def mark(self, model: Model, state: State) -> None:
        """Change a build's state."""
        if state is State.LIVE:
            raise ValueError("a build becomes live by a switch")
        await self._moved(model, lambda _: state)

    async def pause(self, model: Model, *, paused: bool) -> None:
        """Say whether followers leave a build alone."""
        for _ in range(_ATTEMPTS):
            state = (await self.read()).entry(model).state
            if await self._change([(_PAUSE, (paused, *self._key(model), str(state)))]):
                return
        raise Unavailable(f"{model} changes faster than it can be paused")

    async def switch(self, model: Model) -> None:
        """Make a build live, and retire the one that was."""
        for _ in range(_ATTEMPTS):
            snapshot = await self.read()
            state, live = snapshot.entry(model).state, snapshot.alias.get(model.projection)
            if state is State.LIVE:
                return
            if state not in (State.READY, State.RETIRED):
                raise ValueError(f"{model} is {state}; only a build that is ready or retired can go live")
            changes = [(_ALIAS, (model.build, *self._head(model), None if live is None else live.build))]
            changes.append(self._to(model, State.LIVE, state))
            if live is not None:
                changes.append(self._to(live, State.RETIRED, State.LIVE))
            if await self._change(changes):
                return
        raise Unavailable(f"builds of {model.projection} change faster than they can be switched")

    async def hide(self, model: Model) -> None:
        """Strike out a build that is not live."""

        def checked(entry: Entry) -> str:
            if entry.state is State.LIVE:
                raise ValueError(f"{model} is live; switch to another build first")
            return _HIDDEN

        await self._moved(model, checked)

    async def end(self, model: Model) -> None:
        """Say that nothing is left of a hidden build."""
        await self._change([self._to(model, _GONE, _HIDDEN)])

    @asynccontextmanager
    async def lease(self, projection: str) -> AsyncIterator[None]:
        """Held by one holder in all processes, until it lets go or its process is dead for half a minute.

        It spares work, no more: should a stalled holder lose it, two rebuilds feed one build, and each batch of
        either moves the checkpoint once or not at all.
        """
        holder, name = uuid.uuid4().hex, f"{self._realm}/{projection}"
        take = f"UPDATE leases USING TTL {_LEASE_S} SET holder = ? WHERE name = ? IF holder = ?"  # noqa: S608 a constant
        if not (await self._cassandra.fetch(take, holder, name, None))[0][0]:
            raise RebuildRunningError(projection)

        async def renew() -> None:
            while True:
                await asyncio.sleep(_LEASE_S / 3)
                with suppress(Unavailable):
                    await self._cassandra.fetch(take, holder, name, holder)

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(Unavailable):
                await self._cassandra.fetch("DELETE FROM leases WHERE name = ? IF holder = ?", name, holder)

    async def _moved(self, model: Model, to: Callable[[Entry], str]) -> None:
        for _ in range(_ATTEMPTS):
            snapshot = await self.read()
            entry = snapshot.entry(model)
            changes = [self._to(model, to(entry), entry.state)]
            if entry.state is State.LIVE:
                changes.append((_ALIAS, (None, *self._head(model), model.build)))
            if await self._change(changes):
                return
        raise Unavailable(f"{model} changes faster than it can be marked")

    async def _change(self, changes: Sequence[tuple[str, tuple[Any, ...]]]) -> bool:
        """All of these or none: conditional writes to one partition go together."""
        statements = [await asyncio.to_thread(self._cassandra.prepared, cql) for cql, _ in changes]
        batch = BatchStatement(BatchType.UNLOGGED)
        for statement, (_, values) in zip(statements, changes, strict=True):
            batch.add(statement, values)
        applied = bool((await self._cassandra.send(batch))[0][0])
        self._changes += 1
        self._known = None
        return applied

    def _to(self, model: Model, state: str, before: str) -> tuple[str, tuple[Any, ...]]:
        return _STATE, (str(state), micros(self._now()), *self._key(model), str(before))

    def _key(self, model: Model) -> tuple[str, str, int]:
        return self._realm, model.projection, model.build

    def _head(self, model: Model) -> tuple[str, str, int]:
        """Build 0 is the row that says which build is live."""
        return self._realm, model.projection, 0
