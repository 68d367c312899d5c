"""Given these events, when this is decided, then those events (or that refusal): the sentence that domain tests speak."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import Refused
from domain.events import Event
from domain.folding import fold
from domain.ids import new_id

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANA, BEN, CLEO = (new_id(slot, NOON, lambda _: 0) for slot in (1, 2, 3))


def later(**more: float) -> datetime:
    """A moment after noon."""
    return NOON + timedelta(**more)


@dataclass(frozen=True)
class Given:
    """A stream's past."""

    evolve: Callable[[Any, Event], Any]
    start: Any
    events: tuple[Event, ...]

    @property
    def state(self) -> Any:
        """What is true after it."""
        return fold(self.evolve, self.start, self.events)

    def when(self, decide: Callable[..., Sequence[Event]], *args: Any, **kwargs: Any) -> "When":
        """Decide over it."""
        return When(self, lambda: decide(self.state, *args, **kwargs))


@dataclass(frozen=True)
class When:
    """A decision about to be taken."""

    given: Given
    decide: Callable[[], Sequence[Event]]

    def then(self, *events: Event) -> Given:
        """These events and no others; gives the past with them in it."""
        assert list(self.decide()) == list(events)
        return Given(self.given.evolve, self.given.start, (*self.given.events, *events))

    def then_nothing(self) -> None:
        """It changes nothing, so it records nothing."""
        assert list(self.decide()) == []

    def then_refused(self, code: str, kind: type[Refused] = Refused) -> None:
        """The rule says no."""
        with pytest.raises(kind) as refusal:
            self.decide()
        assert refusal.value.code == code
