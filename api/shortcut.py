"""Hot reads, answered past the framework: no dependency is solved, no model validated, no response object made.

A shortcut takes only what it understands wholly: well-formed parameters of a caller who is known. For everything else
the request goes the framework's way, which ends in the same function; that way also tells the OpenAPI document what the
route is, and what is wrong with a request.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.datastructures import State
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from api.answers import dump
from api.bodies import JsonRoute
from api.caching import PRIVATE, matches
from api.identity import Caller, Identity
from api.paging import Filled, Page, next_cursor
from api.positions import Positions
from api.showing.prints import Print
from api.standing import Made
from projections.ports import Reached

LIMIT: Final = 50
_HIGHEST: Final = 100
_QUERIES: Final = 4096
_SHORT: Final = 64
"""Bytes of a query whose reading is kept; those with cursors are longer, and seldom come twice."""
_PAGE: Final = frozenset({"limit", "cursor"})

At: TypeAlias = tuple[tuple[str, ...], Reached]
"""The read models that an answer was made from, and how far they are."""


class Told(NamedTuple):
    """A whole answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def response(self) -> Response:
        """The same for the framework."""
        response = Response(status_code=self.status)
        response.body, response.raw_headers = self.body, self.headers
        return response


class Asks:
    """What a request asks for: its headers, repeated ones joined, and its query."""

    __slots__ = ("_query", "authorization", "if_none_match", "min_position", "state")

    def __init__(self, scope: Scope) -> None:
        authorization = position = match = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value if authorization is None else authorization
            elif name == b"x-min-position":
                position = value if position is None else position + b"," + value
            elif name == b"if-none-match":
                match = value if match is None else match + b"," + value
        self.authorization = _text(authorization)
        self.min_position = _text(position)
        self.if_none_match = _text(match)
        self.state: State = scope["app"].state
        self._query: bytes = scope["query_string"]

    @property
    def said(self) -> Mapping[str, str] | None:
        """The parameters of the query; None where one is given twice, or it can't be read at all."""
        return _short(self._query) if len(self._query) <= _SHORT else _said(self._query)

    def word(self, name: str, default: str) -> str:
        """One parameter of the query."""
        said = self.said
        return default if said is None else said.get(name, default)

    def page(self, *more: str) -> Page | None:
        """The part of a list; None where parameters (`more` may be there too) need a closer look."""
        said = self.said
        if said is None or not said.keys() <= _PAGE.union(more):
            return None
        limit = said.get("limit")
        if limit is None:
            return Page(LIMIT, said.get("cursor"), self.state.cursors)
        if not (limit.isascii() and limit.isdecimal() and len(limit) <= 3 and 1 <= int(limit) <= _HIGHEST):  # noqa: PLR2004
            return None
        return Page(int(limit), said.get("cursor"), self.state.cursors)

    async def viewer(self) -> Caller | None:
        """Who is calling; None for someone who is not logged in. Raises `Unauthenticated` for a token that is none."""
        identity: Identity = self.state.identity
        return None if self.authorization is None else await identity.bearer(self.authorization)

    def known_viewer(self) -> Caller | None:
        """Who is calling, where nothing needs to be looked up to know it."""
        identity: Identity = self.state.identity
        return None if self.authorization is None else identity.known_bearer(self.authorization)

    def recent(self, models: tuple[str, ...]) -> Reached | None:
        """How far read models are, where that is known and nothing more is asked for."""
        positions: Positions = self.state.positions
        return positions.recent(models) if self.min_position is None else None

    async def fresh(self, models: tuple[str, ...]) -> Reached:
        """How far read models are, once they are as far as the request wants."""
        positions: Positions = self.state.positions
        return await positions.fresh(models, self.min_position)


Shortcut: TypeAlias = Callable[[Scope, Asks], Awaitable[Told | None]]
"""Answers a GET, or leaves it to the framework with None."""
AtOnce: TypeAlias = Callable[[Asks], Told | None]
"""Answers a GET from what is at hand, without waiting for anything; None where that is not enough, or anything is odd."""


class HotRoute(JsonRoute):
    """A route of the framework with a shortcut before it."""

    shortcut: Shortcut | None = None
    at_once: AtOnce | None = None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the shortcut if it will."""
        if self.shortcut is not None and scope["method"] == "GET":
            told = await self.shortcut(scope, Asks(scope))
            if told is not None:
                await send({"type": "http.response.start", "status": told.status, "headers": told.headers})
                await send({"type": "http.response.body", "body": told.body})
                return
        await super().handle(scope, receive, send)


class Fixed(HotRoute):
    """A hot route without parameters in its path: told by comparing, not by a regular expression."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the request is for this route."""
        if scope["type"] == "http" and scope["path"] != self.path:
            return Match.NONE, {}
        return super().matches(scope)


def hot(router: APIRouter) -> Callable[[Shortcut], Shortcut]:
    """Put a shortcut before the route that was last added."""
    route = _last(router)

    def enter(shortcut: Shortcut) -> Shortcut:
        route.shortcut = shortcut
        return shortcut

    return enter


def at_once(router: APIRouter) -> Callable[[AtOnce], AtOnce]:
    """Put an answer at once before the route that was last added; its path has to be fixed."""
    route = _last(router)

    def enter(answer: AtOnce) -> AtOnce:
        route.at_once = answer
        return answer

    return enter


def _last(router: APIRouter) -> HotRoute:
    route = router.routes[-1]
    if not isinstance(route, HotRoute):
        raise TypeError(f"{route} has no room for a shortcut")
    return route


def paged(
    scope: Scope, asked: Asks, at: At, page: Page, filled: Filled[Print], *names: str, cache: str = PRIVATE
) -> Told:
    """A page of photos."""
    return given(asked, at, page_of(scope["path"], page, filled, *names), cache=cache)


def page_of(path: str, page: Page, filled: Filled[Print], *names: str, until: datetime | None = None) -> Made:
    """A page of photos, finished but for how fresh it is."""
    cursor = next_cursor(page, filled, *names)
    parts = [b'{"items":[']
    for item in filled.items:
        parts += (item.body, item.tail, b",")
    if filled.items:
        parts.pop()
    parts += (b'],"next_cursor":', dump(cursor), b"}")
    versions = [item.version for item in filled.items]
    versions.append(repr(filled.key).encode())
    return _made(path, parts, versions, until)


def told(
    scope: Scope, asked: Asks, at: At, parts: Sequence[bytes], versions: Iterable[bytes], *, cache: str = PRIVATE
) -> Told:
    """The answer of a read: the parts of a body, or 304 where the client has it already."""
    return given(asked, at, _made(scope["path"], parts, versions), cache=cache)


def given(asked: Asks, at: At, made: Made, *, cache: str = PRIVATE) -> Told:
    """A finished answer, to this request."""
    positions: Positions = asked.state.positions
    models, reached = at
    headers = [
        (b"etag", made.tag.encode()),
        (b"cache-control", cache.encode()),
        (b"vary", b"Authorization"),
        (b"x-position", positions.told(models, reached, asked.min_position).encode()),
        (b"x-projection-lag-ms", b"%d" % reached.lag_ms),
    ]
    if asked.if_none_match and matches(asked.if_none_match, made.tag):
        return Told(304, headers, b"")
    headers += ((b"content-length", b"%d" % made.length), (b"content-type", b"application/json"))
    return Told(200, headers, b"".join(made.parts))


def _made(path: str, parts: Sequence[bytes], versions: Iterable[bytes], until: datetime | None = None) -> Made:
    seen = b"\0".join((path.encode(), *versions))
    tag = f'"{blake2b(seen, digest_size=16).hexdigest()}"'
    return Made(parts, sum(map(len, parts)), tag, until)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _said(query: bytes) -> Mapping[str, str] | None:
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=8)
    except ValueError:
        return None
    said: dict[str, str] = dict(pairs)
    return said if len(said) == len(pairs) else None


_short: Callable[[bytes], Mapping[str, str] | None] = lru_cache(_QUERIES)(_said)
