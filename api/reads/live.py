"""Live: what concerns a member, as it is recorded, as Server-Sent Events.

https://html.spec.whatwg.org/multipage/server-sent-events.html. An event's id says how far every log was told, and how
much of the fact at hand; whoever comes back with it is told the rest, each thing once.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from starlette.responses import Response, StreamingResponse

from api.answers import dump
from api.bodies import JsonRoute
from api.documents import plain
from api.identity import Caller, Identity, Member
from api.packing import packed, unpacked
from api.ports import Live, Reads
from api.positions import Positions
from api.showing.live import news_of
from api.signing import Sealer
from domain.errors import NotFound, Unauthenticated
from domain.events import (
    CommentRemoved,
    CommentTakedownLifted,
    CommentTakenDown,
    FollowAccepted,
    FollowRequested,
    MemberFollowed,
    PhotoAudienceChanged,
    PhotoCommented,
    PhotoLiked,
    PhotoProcessed,
    PhotoRemoved,
    PhotoRestored,
    PhotoTakedownLifted,
    PhotoTakenDown,
    PhotoUnliked,
)
from domain.ids import MemberId
from domain.recorded import Recorded
from projections.profiles import ProfileRow
from projections.stores import NoLiveModelError

STREAM: Final = "text/event-stream"
BEAT_S: Final = 15.0
"""How often a stream on which nothing happens says that it is there."""
TOO_OLD: Final = 100_000
"""An id so many facts back is too old: whoever comes with it had better load everything anew."""
_HEARD: Final = frozenset(
    {
        PhotoProcessed,
        PhotoRestored,
        PhotoAudienceChanged,
        PhotoTakedownLifted,
        PhotoRemoved,
        PhotoTakenDown,
        PhotoLiked,
        PhotoUnliked,
        PhotoCommented,
        CommentRemoved,
        CommentTakenDown,
        CommentTakedownLifted,
        MemberFollowed,
        FollowRequested,
        FollowAccepted,
    }
)
_NEEDED: Final = ("photos", "counters", "profiles")
_EXAMPLE: Final = 'id: 0m2w7b8yH3xJkQ\nevent: photo\ndata: {"photo_id":"01m5z3k9qw8rt","owner_id":"01m5z2b7e4kqa"}\n\n'

LONGEST: Final = 16_384
"""An id of a thousand logs has half as many letters."""

LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=LONGEST, description="The last `id:` that was received.")
]


@dataclass(slots=True)
class Place:
    """How far a member was told: every log up to a number, and of the fact behind it in one log the first parts."""

    reached: dict[int, int] = field(default_factory=dict)
    log: int = 0
    told: int = 0

    def step(self, log: int, number: int) -> None:
        """Go on past a fact."""
        self.reached[log] = number
        if log == self.log:
            self.told = 0

    def sealed(self, sealer: Sealer, member_id: MemberId) -> str:
        """The id to come back with."""
        numbers = packed([self.reached[log] for log in sorted(self.reached)])
        return sealer.seal(_purpose(member_id), [numbers, self.log, self.told])


def routes(reads: Reads, live: Live, sealer: Sealer, identity: Identity) -> APIRouter:
    """What happens now."""
    router = APIRouter(route_class=JsonRoute)

    @router.get(
        "/v1/live",
        **plain("What happens now", "reading", errors=(401, 404, 429, 503), content=STREAM, example=_EXAMPLE),
    )
    async def stream(request: Request, caller: Member, last: LastEventId = None) -> Response:
        """Kinds `photo`, `notification`, `count`, `removed`; after `gap`, what was shown before is to be loaded anew."""
        me = (await reads.profiles.by_ids([caller.member_id])).get(caller.member_id)
        if me is None:
            raise NotFound("member_not_found", "There is no such member.")
        heads = await live.heads()
        place, gap = begin(sealer, caller.member_id, last, heads)
        positions: Positions = request.app.state.positions
        teller = Teller(reads, live, sealer, positions, me, place)
        token = request.headers.get("Authorization", "")

        async def still() -> bool:
            with suppress(Unauthenticated):
                return await _recognised(identity, token, caller)
            return False

        headers = {"Cache-Control": "no-store", "Vary": "Authorization", "X-Accel-Buffering": "no"}
        return StreamingResponse(teller.stream(still, gap=gap), headers=headers, media_type=STREAM)

    return router


async def _recognised(identity: Identity, authorization: str, caller: Caller) -> bool:
    return (await identity.bearer(authorization)).session_id == caller.session_id


def begin(sealer: Sealer, member_id: MemberId, last: str | None, heads: Mapping[int, int]) -> tuple[Place, bool]:
    """Where to go on, and whether something was missed for good."""
    if last is None or not last.strip():
        return Place(dict(heads)), False
    match sealer.open(_purpose(member_id), last.strip(), longest=LONGEST):
        case [str(numbers), int(log), int(told)]:
            reached = dict(enumerate(unpacked(numbers)))
            behind = sum(max(0, number - reached.get(log_, 0)) for log_, number in heads.items())
            if len(reached) == len(heads) and behind <= TOO_OLD:
                return Place(reached, log, told), False
        case _:
            pass
    return Place(dict(heads)), True


def _purpose(member_id: MemberId) -> str:
    return f"live:{member_id}"


@dataclass(slots=True)
class Teller:
    """Tells one member on one connection."""

    reads: Reads
    live: Live
    sealer: Sealer
    positions: Positions
    me: ProfileRow
    place: Place

    async def stream(self, still: Any, *, gap: bool) -> AsyncIterator[bytes]:
        """Everything from the place on, until the client goes or its session is over."""
        yield self._gap() if gap else self._id()
        while True:
            moved = False
            for log in sorted(self.place.reached):
                facts, end = await self.live.after(log, self.place.reached[log])
                for fact in facts:
                    async for text in self._tell(log, fact):
                        yield text
                    self.place.step(log, fact.position.number)
                if end > self.place.reached[log]:
                    self.place.step(log, end)
                moved = moved or bool(facts)
            if moved:
                continue
            if not await self.live.wait(self.place.reached, BEAT_S):
                if not await still():
                    return
                yield self._id()

    async def _tell(self, log: int, fact: Recorded) -> AsyncIterator[bytes]:
        if type(fact.event) not in _HEARD:
            return
        before = self.place.told if log == self.place.log else 0
        at = {log: fact.position.number}
        with suppress(NoLiveModelError):
            await self.reads.progress.wait(_NEEDED, at, timeout_s=self.positions.limits.catch_up_s)
        async for news in news_of(self.reads, self.me, fact):
            if news.part <= before:
                continue
            self.place.log, self.place.told = log, int(news.part)
            data = dump({**news.data, "position": self.positions.token(at)}).decode()
            yield f"id: {self._sealed()}\nevent: {news.kind}\ndata: {data}\n\n".encode()

    def _gap(self) -> bytes:
        return f"id: {self._sealed()}\nevent: gap\ndata: {{}}\n\n".encode()

    def _id(self) -> bytes:
        """No event, but an id to come back with, and a sign of life."""
        return f"id: {self._sealed()}\n\n".encode()

    def _sealed(self) -> str:
        return self.place.sealed(self.sealer, self.me.member_id)
