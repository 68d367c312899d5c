"""The registry: which builds there are, in which state, and with that which of them reads use.

It is one small file, because the command line switches builds under a running server. Asking costs a look at SQLite's
change counter, so every read can ask.
"""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.sqlite.connections import connect, create, writing
from projections.stores import Model, NoLiveModelError, State

_SCHEMA: Final = [
    (
        "CREATE TABLE models (projection TEXT NOT NULL, build INTEGER NOT NULL, code_version INTEGER NOT NULL,"
        " state TEXT NOT NULL, PRIMARY KEY (projection, build)) STRICT, WITHOUT ROWID"
    ),
    f"CREATE UNIQUE INDEX one_live_build ON models (projection) WHERE state = '{State.LIVE}'",
]
_PAUSED: Final = (
    "CREATE TABLE IF NOT EXISTS paused (projection TEXT NOT NULL, build INTEGER NOT NULL,"
    " PRIMARY KEY (projection, build)) STRICT, WITHOUT ROWID"
)
_DROPPED: Final = "dropped"
"""Dropped builds leave their number behind, so that no number ever means two builds."""

FED: Final = frozenset({State.LIVE, State.READY, State.RETIRED})
"""The states in which a build takes what happens."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the registry says of a build."""

    code_version: int
    state: State
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The registry at one moment."""

    entries: Mapping[Model, Entry]
    alias: Mapping[str, Model]

    def live(self, projection: str) -> Model:
        """The build that reads use."""
        try:
            return self.alias[projection]
        except KeyError:
            raise NoLiveModelError(projection) from None

    def fed(self, projection: str) -> list[Model]:
        """The builds that take what happens."""
        return [model for model, entry in self.entries.items() if model.projection == projection and entry.state in FED]


class Registry:
    """The registry's file; any thread of any process may use its own object on it."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            _make(path)
        self._turn = threading.Lock()
        self._reading = connect(path, read_only=True)
        self._writing = connect(path)
        self._writing.execute(_PAUSED)
        self._version = -1
        self._snapshot = Snapshot({}, {})

    def snapshot(self) -> Snapshot:
        """What stands there now; the same object as long as nothing changed."""
        with self._turn:
            return self._look()

    def glimpse(self) -> Snapshot:
        """The same without waiting for a thread that is at work here: then it is what stood before."""
        if not self._turn.acquire(blocking=False):
            return self._snapshot
        try:
            return self._look()
        finally:
            self._turn.release()

    def add(self, projection: str, code_version: int, state: State, prepare: Callable[[Model], None]) -> Model:
        """Enter a build under the next number, once its file is prepared."""
        with self._turn, writing(self._writing):
            highest = "SELECT coalesce(max(build), 0) FROM models WHERE projection = ?"
            (last,) = self._writing.execute(highest, (projection,)).fetchone()
            model = Model(projection, last + 1)
            prepare(model)
            self._writing.execute("INSERT INTO models VALUES (?, ?, ?, ?)", (*_key(model), code_version, state))
            return model

    def mark(self, model: Model, state: State) -> None:
        """Change a build's state."""
        if state is State.LIVE:
            raise ValueError("a build becomes live by a switch")
        with self._turn, writing(self._writing):
            self._state(model)
            self._set(model, state)

    def pause(self, model: Model, *, paused: bool) -> None:
        """Say whether followers leave a build alone."""
        with self._turn, writing(self._writing):
            self._state(model)
            self._writing.execute("DELETE FROM paused WHERE projection = ? AND build = ?", _key(model))
            if paused:
                self._writing.execute("INSERT INTO paused VALUES (?, ?)", _key(model))

    def switch(self, model: Model) -> None:
        """Make a build live, and retire the one that was."""
        with self._turn, writing(self._writing):
            state = self._state(model)
            if state == State.LIVE:
                return
            if state not in (State.READY, State.RETIRED):
                raise ValueError(f"{model} is {state}; only a build that is ready or retired can go live")
            self._writing.execute(
                "UPDATE models SET state = ? WHERE projection = ? AND state = ?",
                (State.RETIRED, model.projection, State.LIVE),
            )
            self._set(model, State.LIVE)

    def drop(self, model: Model) -> None:
        """Strike out a build that is not live."""
        with self._turn, writing(self._writing):
            if self._state(model) == State.LIVE:
                raise ValueError(f"{model} is live; switch to another build first")
            self._set(model, _DROPPED)

    def dropped(self) -> list[Model]:
        """The builds that were struck out."""
        with self._turn:
            found = self._reading.execute("SELECT projection, build FROM models WHERE state = ?", (_DROPPED,))
            return [Model(*row) for row in found]

    def close(self) -> None:
        """Let the file go."""
        with self._turn:
            self._reading.close()
            self._writing.close()

    def _look(self) -> Snapshot:
        (version,) = self._reading.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._snapshot = self._read()
            self._version = version
        return self._snapshot

    def _read(self) -> Snapshot:
        rows = self._reading.execute(
            "SELECT projection, build, code_version, state, (projection, build) IN (SELECT * FROM paused) FROM models"
            " WHERE state != ? ORDER BY projection, build",
            (_DROPPED,),
        )
        entries = {Model(name, build): Entry(code, State(state), bool(held)) for name, build, code, state, held in rows}
        alias = {model.projection: model for model, entry in entries.items() if entry.state is State.LIVE}
        return Snapshot(entries, alias)

    def _state(self, model: Model) -> str:
        found = self._writing.execute("SELECT state FROM models WHERE projection = ? AND build = ?", _key(model))
        row = found.fetchone()
        if row is None or row[0] == _DROPPED:
            raise ValueError(f"there is no build {model}")
        return str(row[0])

    def _set(self, model: Model, state: str) -> None:
        self._writing.execute("UPDATE models SET state = ? WHERE projection = ? AND build = ?", (state, *_key(model)))


def _make(path: Path) -> None:
    """Made beside its place and linked into it, so that two processes starting at once end up with one registry."""
    draft = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.draft")
    create(draft, _SCHEMA)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _key(model: Model) -> tuple[str, int]:
    return model.projection, model.build
