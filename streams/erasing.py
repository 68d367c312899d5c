"""Erasing: what follows when a member has closed their account, step by step, from wherever it was interrupted.

Wait out the longest command; wait until what the member did is projected to every log's head; withdraw it through its
own streams until a pass finds none; remove files; destroy the key; record what was done; leave nothing in clear.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

import structlog

from commands.albums import album_part
from commands.comments import comment_part
from commands.deciding import Part, decide
from commands.errors import Unavailable
from commands.members import member_part
from commands.photos import photo_part
from commands.ports import Deps, Objects
from commands.shares import share_part
from domain import albums, comments, follows, likes, photos, shares, uploads
from domain.errors import NotFound
from domain.events import AvatarRendered, ErasureFinished, Event, MemberErased, UploadRequested
from domain.files import folder
from domain.ids import MemberId, PhotoId
from domain.members import Member
from domain.recorded import Recorded
from projections.belongings import BelongingRow, Kind
from projections.erasures import ErasingRow
from projections.ports import Albums, AuthorLists, Erasures, Progress, Shares

LONGEST_COMMAND_S: Final = 10.0
"""What was asked before an account was closed is recorded by then, or never."""
SWEEP_S: Final = 2.0
_LEVEL_S: Final = 60.0
_PAGE: Final = 200
_TOGETHER: Final = 32
"""So many streams are withdrawn from at once: each has its own, and the event store writes what comes together as one."""
_FOLLOWED: Final = ("belongings", "authors", "albums", "shares", "erasures")
"""The read models that must know all before a pass."""
_WORDED: Final = (
    *("profiles", "photos", "comments", "reports", "notifications", "tags", "member_search", "photo_search"),
    *("processing", "uploads"),
)
"""The others that hold words of members, and must have let go of them before their files are emptied."""

_log = structlog.get_logger(__name__)


class Heads(Protocol):
    """How far the logs go."""

    @property
    def logs(self) -> int:
        """How many there are."""
        ...

    async def head(self, log: int) -> int:
        """The number of the last committed fact."""
        ...


@dataclass(slots=True)
class Erasing:
    """Erases those who left, one after the other, until it is stopped; files are emptied for all of them at once.

    `shred` destroys a member's key; `tidy` empties files of what was deleted from them.
    """

    deps: Deps
    heads: Heads
    progress: Progress
    erasures: Erasures
    authors: AuthorLists
    albums: Albums
    shares: Shares
    objects: Objects
    shred: Callable[[MemberId], Awaitable[None]]
    tidy: Callable[[], Awaitable[None]]
    wait_s: float = LONGEST_COMMAND_S
    sweep_s: float = SWEEP_S
    _loop: asyncio.Task[None] | None = field(default=None, init=False)

    def start(self) -> None:
        """Erase from now on."""
        self._loop = asyncio.create_task(self.run(), name="erasing")

    async def stop(self) -> None:
        """Break off; what is not finished is gone on with another time."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
            self._loop = None

    async def run(self) -> None:
        """Erase until cancelled; what goes wrong is logged, and tried again."""
        while True:
            try:
                await self.erase(await self.erasures.waiting(limit=_PAGE))
            except Exception as error:  # noqa: BLE001 reported, and tried again
                _log.error("an erasure was broken off", exc_info=error)
            await asyncio.sleep(self.sweep_s)

    async def erase(self, rows: Sequence[ErasingRow]) -> None:
        """Everything about these members, from wherever it stands; one who can't be erased now holds up no other."""
        if ended := [row.member_id for row in rows if await self._ended(row)]:
            await self._level((*_WORDED, *_FOLLOWED))
            await self.tidy()
            for member_id in ended:
                await self._record(member_id, _finished)
            await self._level(("erasures",))
            _log.info("members were erased", member_ids=ended)

    async def _ended(self, row: ErasingRow) -> bool:
        """Whether a member's key is destroyed, after all that needs it; what goes wrong is logged."""
        try:
            await self._end(row)
        except Exception as error:  # noqa: BLE001 reported, and tried again
            _log.error("the erasure of a member was broken off", member_id=row.member_id, exc_info=error)
            return False
        return True

    async def _end(self, row: ErasingRow) -> None:
        member_id = row.member_id
        await self._wait_out(row.closed_at)
        (loaded,) = await self.deps.store.load(member_part(member_id).stream)
        if not any(isinstance(fact.event, MemberErased) for fact in loaded.events):
            done = await self._withdraw_all(member_id)
            done += await self._remove_photos(member_id)
            done["files"] += await self._remove_uploads(member_id) + await self._remove_avatars(loaded.events)
            await self.shred(member_id)
            await self._record(member_id, partial(_erased, done=done))

    async def _wait_out(self, closed_at: datetime) -> None:
        left = closed_at + timedelta(seconds=self.wait_s) - self.deps.now()
        await asyncio.sleep(max(0.0, left.total_seconds()))

    async def _level(self, names: Sequence[str]) -> None:
        heads = {log: await self.heads.head(log) for log in range(self.heads.logs)}
        if not await self.progress.wait(names, heads, timeout_s=_LEVEL_S):
            raise Unavailable("read models do not come level")

    async def _withdraw_all(self, member_id: MemberId) -> Counter[str]:
        """Likes, comments, follows, albums and links, until a pass finds none."""
        done: Counter[str] = Counter()
        while True:
            await self._level(_FOLLOWED)
            found = await self._pass(member_id)
            if not found:
                return done
            done += found

    async def _pass(self, member_id: MemberId) -> Counter[str]:
        found: Counter[str] = Counter()
        after: tuple[str, str] | None = None
        while rows := await self.erasures.belongings(member_id, after=after, limit=_PAGE):
            mine = [row for row in rows if row.kind != Kind.UPLOAD]
            for start in range(0, len(mine), _TOGETHER):
                some = mine[start : start + _TOGETHER]
                done = await asyncio.gather(*(self._withdraw(member_id, row) for row in some))
                for row, number in zip(some, done, strict=True):
                    found[_COUNTED[row.kind]] += number
            after = (rows[-1].kind, rows[-1].subject_id)
        for album in await self.albums.of(member_id, before=None, limit=_PAGE):
            found["albums"] += await self._decide(album_part(album.album_id), albums.remove)
        for share in await self.shares.of(member_id, before=None, limit=_PAGE):
            choose = partial(shares.revoke, member_id=member_id)
            found["shares"] += await self._decide(share_part(share.share_id), choose)
        return +found

    async def _withdraw(self, member_id: MemberId, row: BelongingRow) -> int:
        subject = row.subject_id
        match row.kind:
            case Kind.LIKE:
                part: Part[Any] = Part(likes.stream(subject, member_id), likes.evolve, likes.NONE)
                choose = partial(likes.withdraw, photo=subject, owner=row.owner_id, member=member_id)
                return await self._decide(part, choose)
            case Kind.COMMENT:
                return await self._decide(comment_part(subject), partial(comments.remove, by=member_id))
            case _:
                pair = (subject, member_id) if row.kind == Kind.FOLLOWING else (member_id, subject)
                followed, follower = pair
                part = Part(follows.stream(followed, follower), follows.evolve, follows.APART)
                choose = partial(follows.end, follower=follower, followed=followed, by=member_id)
                return await self._decide(part, choose)

    async def _remove_photos(self, member_id: MemberId) -> Counter[str]:
        done: Counter[str] = Counter()
        before: PhotoId | None = None
        while page := await self.authors.page(member_id, before=before, limit=_PAGE):
            for photo_id in page:
                (loaded,) = await self.deps.store.load(photos.stream(photo_id))
                renditions = (getattr(fact.event, "rendition", None) for fact in loaded.events)
                keys = {variant.key for rendition in renditions if rendition for variant in rendition.variants}
                keys.update(await self.objects.list(f"{folder(photo_id)}/"))  # broken off renderings left some untold
                await self.objects.remove(sorted(keys))
                done["files"] += len(keys)
                done["photos"] += await self._decide(photo_part(photo_id), photos.erase)
            before = page[-1]
        return done

    async def _remove_avatars(self, facts: Sequence[Recorded]) -> int:
        """Every avatar that the member ever had."""
        renditions = (fact.event.rendition for fact in facts if isinstance(fact.event, AvatarRendered))
        keys = sorted({variant.key for rendition in renditions for variant in rendition.variants})
        await self.objects.remove(keys)
        return len(keys)

    async def _remove_uploads(self, member_id: MemberId) -> int:
        """The untouched originals, published or not."""
        count, after = 0, None
        while rows := await self.erasures.belongings(member_id, after=after, limit=_PAGE):
            for row in rows:
                if row.kind != Kind.UPLOAD:
                    continue
                (loaded,) = await self.deps.store.load(uploads.stream(row.subject_id))
                keys = [fact.event.object_key for fact in loaded.events if isinstance(fact.event, UploadRequested)]
                there = [key for key in keys if await self.objects.size(key) is not None]
                await self.objects.remove(there)
                count += len(there)
            after = (rows[-1].kind, rows[-1].subject_id)
        return count

    async def _decide(self, part: Part[Any], choose: Callable[..., Sequence[Event]]) -> int:
        """1 where there was something to withdraw, else 0."""
        with suppress(NotFound):
            return int(bool((await decide(self.deps, part, partial(choose, at=self.deps.now()))).recorded))
        return 0

    async def _record(self, member_id: MemberId, choose: Callable[[Member, datetime], Sequence[Event]]) -> None:
        at = self.deps.now()
        await decide(self.deps, member_part(member_id), lambda member: choose(member, at))


_COUNTED: Final[Mapping[str, str]] = {
    Kind.LIKE: "likes",
    Kind.COMMENT: "comments",
    Kind.FOLLOWING: "follows",
    Kind.FOLLOWER: "follows",
}


def _finished(member: Member, at: datetime) -> list[Event]:
    return [ErasureFinished(at=at, member_id=member.member_id)]


def _erased(member: Member, at: datetime, *, done: Mapping[str, int]) -> list[Event]:
    if member.erased:
        return []
    numbers = {
        name: done.get(name, 0) for name in ("likes", "comments", "follows", "photos", "albums", "shares", "files")
    }
    return [MemberErased(at=at, member_id=member.member_id, **numbers)]
