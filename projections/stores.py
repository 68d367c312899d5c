"""What a host of projections asks of the store that holds their read models."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from domain.recorded import Recorded
from projections.rows import Key, Projection, Row


@dataclass(frozen=True, slots=True, order=True)
class Model:
    """One build of a projection's read model, printed as `likes@3`; builds count up from 1."""

    projection: str
    build: int

    def __str__(self) -> str:
        """The form used in tables, files and on the command line."""
        return f"{self.projection}@{self.build}"


class State(StrEnum):
    """What a build is for."""

    LIVE = "live"
    BUILDING = "building"
    READY = "ready"
    RETIRED = "retired"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """How a build stands: made by which version of its projection, how far in each log, with how many dead letters.

    `live` is what reads use; `building` is being rebuilt; `ready` is built, fed, and may be switched to; `retired`
    was live before the last switch and is still fed, so that a rollback loses nothing; `stale` was made by another
    version of the projection's code and is no longer fed. Whatever its state, a `paused` build is not followed with.
    Of one that is not `reachable`, because its store is away, checkpoints and dead letters are unknown, and empty here.
    """

    model: Model
    code_version: int
    state: State
    checkpoints: Mapping[int, int]
    dead_letters: int
    paused: bool = False
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive facts of one log: everything after `expected` up to and including `last`, as far as it is handled."""

    log: int
    expected: int
    last: int
    facts: Sequence[Recorded]


class Fed(StrEnum):
    """What became of a batch."""

    APPLIED = "applied"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A fact that a build could not apply, or that follows such a one in its stream."""

    model: Model
    log: int
    number: int
    stream: str
    event_name: str
    error: str
    trace: str
    parked_at: datetime


class PoisonedError(Exception):
    """A fact could not be applied, and the host asked to stop rather than to park it."""

    def __init__(self, model: Model, fact: Recorded) -> None:
        super().__init__(f"{model} cannot apply {fact.event!r} at {fact.position}")
        self.model = model
        self.fact = fact


class NoLiveModelError(Exception):
    """A read model has no build that reads may use; it has to be rebuilt."""

    def __init__(self, projection: str) -> None:
        super().__init__(f"{projection} has no live build")
        self.projection = projection


class OutOfReachError(NoLiveModelError):
    """A read model can't be read now: its store is away, or lost rows and is being filled again.

    What it holds is unknown, which is not the same as nothing.
    """

    def __init__(self, projection: str) -> None:
        super().__init__(projection)
        self.args = (f"{projection} can't be read now",)


class RebuildRunningError(Exception):
    """Someone else rebuilds that read model at the moment."""

    def __init__(self, projection: str) -> None:
        super().__init__(f"{projection} is being rebuilt already")
        self.projection = projection


class ReadModels(Protocol):
    """The builds of all read models, each with its rows and its checkpoints."""

    async def status(self) -> Sequence[ModelStatus]:
        """Every build there is, by projection and build; those whose store is away are said to be out of reach."""
        ...

    async def checkpoints(self, model: Model) -> Mapping[int, int]:
        """How far one build has come, logs that it has not begun left out; nothing else is looked at.

        Raises `OutOfReachError` where its store can't say, and `LookupError` where there is no such build.
        """
        ...

    async def create(self, projection: Projection, state: State) -> Model:
        """A new, empty build with the next number."""
        ...

    async def feed(self, model: Model, projection: Projection, batch: Batch, *, park: bool) -> Fed:
        """Run `project` over the batch and move the checkpoint from `expected` to `last`, in one step.

        Where the checkpoint is not at `expected`, nothing is applied and the answer is `MISMATCH`. A fact that raises
        is parked with its error, and later facts of its stream with it; without `park` the whole batch is undone and
        `PoisonedError` is raised.
        """
        ...

    async def mark(self, model: Model, state: State) -> None:
        """Say what a build is for; only `switch` makes one live (`ValueError` otherwise)."""
        ...

    async def switch(self, model: Model) -> None:
        """Let reads use this build from now on; the one that was live is retired (so switching back is a rollback).

        Raises `ValueError` for a build that is neither ready nor retired.
        """
        ...

    async def drop(self, model: Model) -> None:
        """End a build that is not live, with its rows, checkpoints and dead letters."""
        ...

    def rebuilding(self, projection: str) -> AbstractAsyncContextManager[None]:
        """Held by the one who rebuilds a projection, in any process; raises `RebuildRunningError` for a second one."""
        ...

    async def rows(self, model: Model, cls: type, *, after: Key | None, limit: int) -> Sequence[Row]:
        """The rows of a build in the order of their key, after a key: for comparing builds, not for reads."""
        ...

    async def dead_letters(self, model: Model, *, limit: int) -> Sequence[DeadLetter]:
        """What is parked, in the order of the log."""
        ...


@runtime_checkable
class Pauses(Protocol):
    """Lets operators hold a build where it stands, across restarts."""

    async def pause(self, model: Model, *, paused: bool) -> None:
        """Say whether followers leave a build alone; they notice at their next look. Raises `ValueError` for no build."""
        ...


@runtime_checkable
class Letters(Protocol):
    """Lets operators deal with what a build could not apply."""

    async def retry(self, model: Model, projection: Projection, facts: Sequence[Recorded]) -> int:
        """Apply parked facts of one stream, in order, each in the step that deletes its letter; says how many.

        It ends before a fact that still can't be applied, whose letter then says why, and passes over facts that are
        not parked. Where an earlier fact of the stream is parked that is not among them, nothing is applied.
        """
        ...

    async def discard(self, model: Model, log: int, number: int) -> None:
        """Give a parked fact up for good; raises `LookupError` where none is parked there."""
        ...
