"""Exposing: the object store shows to everyone exactly the files of photos that everyone may see.

It comes with what restricts, before the command answers: the visibility rows first, then the files' own gates, by
those rows. Asked again it sets the same, so a repetition changes nothing; what was not done before the answer, because
a store was away, is done by `streams.exposing`.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from commands.ports import EventStore, Immediate
from domain import photos
from domain.events import (
    AvatarRendered,
    MemberClosed,
    MemberTakedownLifted,
    MemberTakenDown,
    MemberWentPrivate,
    MemberWentPublic,
    PhotoAudienceChanged,
    PhotoMoved,
    PhotoProcessed,
    PhotoRemoved,
    PhotoRendered,
    PhotoRestored,
    PhotoTakedownLifted,
    PhotoTakenDown,
)
from domain.folding import fold
from domain.ids import MemberId, PhotoId
from domain.recorded import Recorded
from domain.visibility import MemberState, Sight, is_public
from projections.ports import AuthorLists

_AT_ONCE: Final = 8
_PAGE: Final = 200


class Gates(Protocol):
    """Who may read objects without a signature."""

    async def publish(self, keys: Sequence[str]) -> None:
        """Everyone, from now on."""
        ...

    async def withhold(self, keys: Sequence[str]) -> None:
        """Nobody, from now on."""
        ...


class Exposed:
    """The files of photos and avatars, whose gates follow from the visibility rows as they are."""

    def __init__(self, store: EventStore, sight: Sight, authors: AuthorLists, gates: Gates) -> None:
        self._store = store
        self._sight = sight
        self._authors = authors
        self._gates = gates
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def expose(self, recorded: Sequence[Recorded]) -> None:
        """Open or shut the files that those events are about."""
        for fact in recorded:
            match fact.event:
                case (
                    PhotoProcessed()
                    | PhotoRendered()
                    | PhotoMoved()
                    | PhotoRemoved()
                    | PhotoRestored()
                    | PhotoAudienceChanged()
                    | PhotoTakenDown()
                    | PhotoTakedownLifted()
                ) as change:
                    await self._expose([change.photo_id])
                case (
                    MemberWentPrivate()
                    | MemberWentPublic()
                    | MemberTakenDown()
                    | MemberTakedownLifted()
                    | MemberClosed()
                ) as change:
                    await self._expose_all(change.member_id)
                case AvatarRendered(rendition=rendition):
                    await self._gates.publish([variant.key for variant in rendition.variants])

    async def _expose_all(self, owner_id: MemberId) -> None:
        before: PhotoId | None = None
        while page := await self._authors.page(owner_id, before=before, limit=_PAGE):
            await self._expose(page)
            before = page[-1]

    async def _expose(self, photo_ids: Iterable[PhotoId]) -> None:
        async def one(photo_id: PhotoId) -> None:
            async with self._turns:
                await self._gate(photo_id)

        await asyncio.gather(*map(one, photo_ids))

    async def _gate(self, photo_id: PhotoId) -> None:
        (loaded,) = await self._store.load(photos.stream(photo_id))
        photo = fold(photos.evolve, photos.NO_PHOTO, (fact.event for fact in loaded.events))
        if photo.rendition is None:
            return
        keys = [*(variant.key for variant in photo.rendition.variants), *photo.former]
        state = (await self._sight.photos([photo_id])).get(photo_id)
        owner = (await self._sight.members([state.owner_id])).get(state.owner_id) if state else None
        if state is not None and is_public(state, owner or MemberState(state.owner_id)):
            await self._gates.publish(keys)
        else:
            await self._gates.withhold(keys)


class Exposing:
    """The port `Immediate`: visibility rows, and the gates of files that follow from them."""

    def __init__(self, rows: Immediate, files: Exposed) -> None:
        self._rows = rows
        self._files = files

    async def apply(self, recorded: Sequence[Recorded]) -> None:
        """Apply the rows of those events, and open or shut the files that they are about."""
        await self._rows.apply(recorded)
        await self._files.expose(recorded)
