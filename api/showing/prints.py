"""Photos as stored bytes: presented once, then spliced with their counts and the viewer's part.

A document is presented anew when its row is another object: ports that keep rows give the same one for as long as it
did not change. Who may see it, and as what, is never taken from here: the state comes from the visibility rows.
"""

from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeAlias

from api.answers import dump
from api.ports import Files, Now
from api.showing.images import SIGNED_FOR
from api.showing.members import card
from api.showing.photos import Hydrated, Told, counts_told, document, pictured, viewer_told
from domain.ids import MemberId, PhotoId
from domain.visibility import MemberState, PhotoState, is_public
from projections.grounds import Grounds, noted
from projections.photos import PhotoRow
from projections.profiles import ProfileRow

_VARIANTS: Final = 8
"""Forms of a photo that are kept: for its owner and for others, and for signed URLs one each five minutes."""
_TAILS: Final = 1 << 16

Variant: TypeAlias = tuple[str, str, bool, datetime | None]


class Print(NamedTuple):
    """A photo as one viewer sees it: its JSON in two parts, and what they were made from; equal versions mean equal JSON.

    `body` is the same object for all who see the photo so, `tail` for all photos with the same counts.
    """

    body: bytes
    tail: bytes
    version: bytes


class _Shown(NamedTuple):
    """A photo up to its counts, and what that was made from."""

    body: bytes
    version: bytes


class _Document(NamedTuple):
    """A photo up to its owner, the rest up to its counts, and the version of both."""

    before: bytes
    after: bytes
    version: bytes


class _Card(NamedTuple):
    """A member card, and its version."""

    body: bytes
    version: bytes


_NOTHING: Final = _Shown(b"", b"")


class _Kept:
    """What was presented of one photo, and the rows that it was made from."""

    __slots__ = ("owner", "profile", "public", "row", "shown", "state", "variants")

    def __init__(self, row: PhotoRow) -> None:
        self.row = row
        self.variants: dict[Variant, _Document] = {}
        self.state: PhotoState | None = None
        self.owner: MemberState | None = None
        self.profile: ProfileRow | None = None
        self.public = False
        self.shown = _NOTHING
        """Without counts and viewer, as everyone but its owner sees it where it is `public`."""


class Prints:
    """Documents and member cards as bytes, as many as are kept."""

    def __init__(self, files: Files, now: Now, *, most: int = 20_000) -> None:
        self._files = files
        self._now = now
        self._most = most
        self._photos: dict[PhotoId, _Kept] = {}
        self._cards: dict[MemberId, tuple[ProfileRow | None, _Card]] = {}
        self._signed: tuple[Grounds, datetime] | None = None

    def of(self, known: Hydrated, photo_id: PhotoId) -> Print | None:
        """The photo as the viewer sees it; None where they don't."""
        state = known.visible(photo_id)
        if state is None:
            return None
        row, owner, profile = known.rows[photo_id], known.owner(state), known.profiles.get(state.owner_id)
        mine = known.viewer == state.owner_id
        kept = self._photos.get(photo_id)
        if kept is None or kept.row is not row:
            if len(self._photos) >= self._most:
                self._photos.clear()
            kept = self._photos[photo_id] = _Kept(row)
        if kept.state is not state or kept.owner is not owner or kept.profile is not profile:
            kept.state, kept.owner, kept.profile = state, owner, profile
            kept.public = is_public(state, owner)
            kept.shown = self._shown(kept, state, mine=False, until=None) if kept.public else _NOTHING
        if kept.public and not mine:
            shown = kept.shown
        else:
            until = None if kept.public or pictured(row) is None else self._ends()
            shown = self._shown(kept, state, mine=mine, until=until)
        tail = _tail(known.counted(photo_id), None if known.viewer is None else (photo_id in known.liked, mine))
        return Print(shown.body, tail, shown.version + tail)

    def _ends(self) -> datetime:
        """When URLs end that are signed now; whatever holds them stands until others would end later."""
        until = self._files.expiry(self._now() + SIGNED_FOR)
        grounds = noted()
        if grounds is not None and self._signed != (grounds, until):
            self._signed = (grounds, until)  # once for each answer
            grounds.limit(lambda: self._files.expiry(self._now() + SIGNED_FOR) == until)
        return until

    def _shown(self, kept: _Kept, state: PhotoState, *, mine: bool, until: datetime | None) -> _Shown:
        variant = (state.status, state.audience, mine, until)
        made = kept.variants.get(variant)
        if made is None:
            if len(kept.variants) >= _VARIANTS:
                kept.variants.clear()
            said = document(kept.row, state, mine=mine, until=until, files=self._files)
            made = kept.variants[variant] = _presented(said)
        owner = self._card(state.owner_id, kept.profile)
        return _Shown(b"".join((made.before, owner.body, made.after)), made.version + owner.version)

    def _card(self, member_id: MemberId, profile: ProfileRow | None) -> _Card:
        known = self._cards.get(member_id)
        if known is None or known[0] is not profile:
            if len(self._cards) >= self._most:
                self._cards.clear()
            body = dump(card(profile, self._files).body)
            known = self._cards[member_id] = (profile, _Card(body, _digest(body)))
        return known[1]


def _presented(body: dict[str, Any]) -> _Document:
    photo_id = body.pop("photo_id")
    before = b'{"photo_id":%b,"owner":' % dump(photo_id)
    after = b",%b," % dump(body)[1:-1]
    return _Document(before, after, _digest(before + after))


@lru_cache(_TAILS)
def _tail(counts: Told, viewer: tuple[bool, bool] | None) -> bytes:
    told = {"counts": counts_told(counts), "viewer": viewer_told(viewer)}
    return dump(told)[1:]


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=8).digest()
