"""What may stand before a build's tables: a quicker copy of rows, which is never older than they are."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, Protocol

from projections.rows import Key
from projections.stores import Model


class Copy(Protocol):
    """Copies of rows by their keys."""

    def holds(self, model: Model) -> bool:
        """Whether rows of this build are copied at all."""
        ...

    async def some(
        self, model: Model, cls: type, keys: Iterable[Key], load: Callable[[list[Key]], Awaitable[list[Any]]]
    ) -> list[Any]:
        """The rows that there are under these keys, in any order; `load` reads the table for those not copied."""
        ...

    def drop(self, model: Model, cls: type, keys: Collection[Key]) -> None:
        """Rows were written: no copy of what was before may be found from now on; blocking, for worker threads.

        Raises `commands.errors.Unavailable` where that can't be said.
        """
        ...
