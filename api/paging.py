"""Pages: keyset cursors that are signed, bound to what they page, and refilled after filtering."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Depends, Query, Request

from api.ports import Now
from api.problems import Problem
from api.signing import Sealer

REFILLS: Final = 10
CURSOR_LIFE: Final = timedelta(days=7)
_VERSION: Final = 1
_PURPOSE: Final = "cursor"

Row = TypeVar("Row")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Cursors:
    """Makes and reads cursors."""

    sealer: Sealer
    now: Now

    def write(self, scope: Sequence[str], key: Sequence[Any]) -> str:
        """A cursor behind the item with this key, for this list only."""
        expires = int((self.now() + CURSOR_LIFE).timestamp())
        return self.sealer.seal(_PURPOSE, [_VERSION, list(scope), list(key), expires])

    def read(self, scope: Sequence[str], text: str) -> list[Any]:
        """The key in a cursor; 400 `cursor_invalid` where it is not one of this list, or is past its time."""
        held = self.sealer.open(_PURPOSE, text)
        match held:
            case [int(version), list(bound), list(key), int(expires)] if (
                version == _VERSION and bound == list(scope) and expires > self.now().timestamp()
            ):
                return key
            case _:
                raise Problem(HTTPStatus.BAD_REQUEST, "cursor_invalid", "That is not a cursor of this list.")


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is asked for."""

    limit: int
    cursor: str | None
    cursors: Cursors

    def after(self, *scope: str) -> list[Any] | None:
        """The key of the last item seen, None at the beginning; the scope names the list."""
        return None if self.cursor is None else self.cursors.read(scope, self.cursor)


async def _page(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100, description="How many items at most.")] = 50,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
) -> Page:
    return Page(limit, cursor, request.app.state.cursors)


Paged = Annotated[Page, Depends(_page)]


@dataclass(frozen=True, slots=True)
class Filled(Generic[Item]):
    """A page's items, and the key to go on from; None where nothing more exists."""

    items: list[Item]
    key: list[Any] | None


async def fill(
    limit: int,
    start: list[Any] | None,
    *,
    fetch: Callable[[list[Any] | None, int], Awaitable[Sequence[Row]]],
    key_of: Callable[[Row], list[Any]],
    choose: Callable[[Sequence[Row]], Awaitable[Sequence[Item | None]]],
) -> Filled[Item]:
    """Fetch, filter, and fetch again until the page is full, the list ends, or it was refilled ten times.

    `choose` gives for each row what is shown of it, or None. One item more than asked for is looked for, so that a
    cursor is only given where something follows; it stands behind the last item given, so that what is hidden behind
    it now can still be shown on the next page.
    """
    items: list[Item] = []
    key = start
    last_given = start
    for _ in range(REFILLS + 1):
        rows = await fetch(key, limit + 1)
        for row, item in zip(rows, await choose(rows), strict=True):
            if item is not None:
                if len(items) == limit:
                    return Filled(items, last_given)
                items.append(item)
                last_given = key_of(row)
            key = key_of(row)
        if len(rows) <= limit:
            return Filled(items, None)
    return Filled(items, last_given if len(items) == limit else key)


def next_cursor(page: Page, filled: Filled[Any], *scope: str) -> str | None:
    """The cursor to the page behind."""
    return None if filled.key is None else page.cursors.write(scope, filled.key)


def body(page: Page, filled: Filled[Any], items: list[Any], *scope: str) -> dict[str, Any]:
    """A page as JSON."""
    return {"items": items, "next_cursor": next_cursor(page, filled, *scope)}
