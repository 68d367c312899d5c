"""What an answer rests on, noted while it is made, so that it may be given again for as long as all of that stands.

A query port that can tell later whether it would answer the same again adds a ground; one that can't says so, and then
nothing that was made with its help is given again. An answer without any ground is never given again either: so a port
that knows nothing of this does no harm where none of them does.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")

Ground: TypeAlias = Callable[[], bool]
"""Whether what a port answered is what it would answer now; cheap, and never wrong when it says yes."""


class Grounds:
    """All that one answer rests on; for the event loop that it was made on."""

    __slots__ = ("_limits", "_noted", "_sources", "_unsure")

    def __init__(self) -> None:
        self._noted: list[Ground] = []
        self._limits: list[Ground] = []
        self._sources: dict[object, Any] = {}
        self._unsure = False

    def of(self, source: object, first: Callable[[], tuple[T, Ground]]) -> T:
        """What one source notes here; at its `first` note it says what it notes in, and the one ground for all of that."""
        known: T | None = self._sources.get(source)
        if known is None:
            known, ground = first()
            self._sources[source] = known
            self._noted.append(ground)
        return known

    def add(self, ground: Ground) -> None:
        """Note one more."""
        self._noted.append(ground)

    def limit(self, ground: Ground) -> None:
        """Note until when the answer may be given at all; by itself no ground to give it again."""
        self._limits.append(ground)

    def doubt(self) -> None:
        """The answer rests on something of which nobody can tell whether it stands."""
        self._unsure = True

    @property
    def firm(self) -> bool:
        """Whether it can be told at all whether the answer stands."""
        return bool(self._noted) and not self._unsure

    def stand(self) -> bool:
        """Whether the same answer would be made now."""
        return self.firm and all(ground() for ground in self._limits) and all(ground() for ground in self._noted)


_noting: Final[ContextVar[Grounds | None]] = ContextVar("grounds", default=None)


@contextmanager
def noting() -> Iterator[Grounds]:
    """Note what is asked of ports meanwhile, in this task and in those that it begins."""
    grounds = Grounds()
    token = _noting.set(grounds)
    try:
        yield grounds
    finally:
        _noting.reset(token)


def noted() -> Grounds | None:
    """Where to note what is being answered; None where nobody wants to know."""
    return _noting.get()


@contextmanager
def aside() -> Iterator[None]:
    """What is asked meanwhile has its ground noted already."""
    token = _noting.set(None)
    try:
        yield
    finally:
        _noting.reset(token)


def unnoted() -> None:
    """From now on this task works for a ground that is noted already."""
    _noting.set(None)


def doubted() -> None:
    """What is being answered rests on something of which it can't be told later whether it stands."""
    if (grounds := _noting.get()) is not None:
        grounds.doubt()
