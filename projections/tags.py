"""Tags: the photos of each tag, and how often public photos of each hour use them.

A photo's tags, and whether it is public, are one row, which later facts look at. An account that is not open takes its
photos out of the uses; the photos of a tag are all of them, for who may see which is decided at read. A photo that is
erased leaves nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from domain.events import (
    MemberClosed,
    MemberTakedownLifted,
    MemberTakenDown,
    MemberWentPrivate,
    MemberWentPublic,
    PhotoAudienceChanged,
    PhotoDescribed,
    PhotoErased,
    PhotoProcessed,
    PhotoRemoved,
    PhotoRestored,
    PhotoTakedownLifted,
    PhotoTakenDown,
    PhotoUploaded,
)
from domain.ids import MemberId, PhotoId, time_of
from domain.recorded import Recorded
from domain.visibility import Audience, Status
from projections.analytics import hour_of
from projections.rows import Change, Drop, Look, Projection, Put, row


@row("tagged_photos", key=("tag", "photo_id"))
class TaggedPhotoRow:
    """A photo under one of its tags."""

    tag: str
    photo_id: PhotoId


@row("photo_tags", key=("owner_id", "photo_id"))
class PhotoTagsRow:
    """A photo's tags; `public` while it is ready, meant for everyone and not removed."""

    owner_id: MemberId
    photo_id: PhotoId
    tags: tuple[str, ...]
    public: bool


@row("tag_owners", key=("owner_id",))
class TagOwnerRow:
    """A member whose account is private, closed or taken down."""

    owner_id: MemberId


@row("tag_uses", key=("hour", "tag", "photo_id"))
class TagUseRow:
    """A tag of a photo that anyone may see, under the hour in which the photo was published."""

    hour: str
    tag: str
    photo_id: PhotoId


class Tags(Protocol):
    """Photos by their tags."""

    async def page(self, tag: str, *, before: PhotoId | None, limit: int) -> Sequence[PhotoId]:
        """Newest first."""
        ...

    async def uses(self, hours: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """How many public photos of each hour have which tag."""
        ...


def project(fact: Recorded, look: Look) -> Iterator[Change]:
    """The rows of one photo, or all uses of an account that opens or closes."""
    match fact.event:
        case PhotoUploaded() as made:
            yield from (Put(TaggedPhotoRow(tag, made.photo_id)) for tag in made.tags)
            yield Put(PhotoTagsRow(made.owner_id, made.photo_id, made.tags, public=False))
        case (
            PhotoDescribed(owner_id=owner, photo_id=photo)
            | PhotoProcessed(owner_id=owner, photo_id=photo)
            | PhotoAudienceChanged(owner_id=owner, photo_id=photo)
            | PhotoRemoved(owner_id=owner, photo_id=photo)
            | PhotoRestored(owner_id=owner, photo_id=photo)
            | PhotoTakenDown(owner_id=owner, photo_id=photo)
            | PhotoTakedownLifted(owner_id=owner, photo_id=photo)
        ):
            before = look.get(PhotoTagsRow, owner, photo)
            if before is not None:
                listed = look.get(TagOwnerRow, owner) is None
                yield from _changed(before, _after(before, fact), listed=listed)
        case PhotoErased(owner_id=owner, photo_id=photo):
            known = look.get(PhotoTagsRow, owner, photo)
            if known is not None:
                yield from (Drop(TaggedPhotoRow, (tag, photo)) for tag in known.tags)
                yield from (Drop(TagUseRow, _use(known, tag)) for tag in known.tags)
                yield Drop(PhotoTagsRow, (owner, photo))
        case MemberWentPrivate(member_id=owner) | MemberTakenDown(member_id=owner) | MemberClosed(member_id=owner):
            yield Put(TagOwnerRow(owner))
            for known in _public(look, owner):
                yield from (Drop(TagUseRow, _use(known, tag)) for tag in known.tags)
        case MemberWentPublic(member_id=owner) | MemberTakedownLifted(member_id=owner, private=False, closed=False):
            yield Drop(TagOwnerRow, (owner,))
            for known in _public(look, owner):
                yield from (Put(TagUseRow(*_use(known, tag))) for tag in known.tags)


def _public(look: Look, owner: MemberId) -> Iterable[PhotoTagsRow]:
    return [known for known in look.list(PhotoTagsRow, owner) if known.public]


def _after(before: PhotoTagsRow, fact: Recorded) -> PhotoTagsRow:
    match fact.event:
        case PhotoDescribed(tags=tags):
            return replace(before, tags=tags)
        case PhotoProcessed(audience=audience):
            return replace(before, public=audience == Audience.PUBLIC)
        case (
            PhotoAudienceChanged(status=status, audience=audience)
            | PhotoRestored(status=status, audience=audience)
            | PhotoTakedownLifted(status=status, audience=audience)
        ):
            return replace(before, public=status == Status.READY and audience == Audience.PUBLIC)
        case _:
            return replace(before, public=False)


def _changed(before: PhotoTagsRow, after: PhotoTagsRow, *, listed: bool) -> Iterator[Change]:
    """All that the photo's rows say from now on: a repeat finds the rows changed, and says the same."""
    gone = [tag for tag in before.tags if tag not in after.tags]
    yield from (Drop(TaggedPhotoRow, (tag, after.photo_id)) for tag in gone)
    yield from (Put(TaggedPhotoRow(tag, after.photo_id)) for tag in after.tags)
    used = after.public and listed
    for tag in dict.fromkeys((*gone, *after.tags)):
        if used and tag in after.tags:
            yield Put(TagUseRow(*_use(after, tag)))
        elif before.public or after.public:
            yield Drop(TagUseRow, _use(after, tag))
    yield Put(after)


def _use(photo: PhotoTagsRow, tag: str) -> tuple[str, str, PhotoId]:
    return hour_of(time_of(photo.photo_id)), tag, photo.photo_id


TAGS: Final = Projection(
    name="tags",
    version=1,
    handles=(
        PhotoUploaded,
        PhotoDescribed,
        PhotoProcessed,
        PhotoAudienceChanged,
        PhotoRemoved,
        PhotoRestored,
        PhotoTakenDown,
        PhotoTakedownLifted,
        PhotoErased,
        MemberWentPrivate,
        MemberWentPublic,
        MemberTakenDown,
        MemberTakedownLifted,
        MemberClosed,
    ),
    rows=(TaggedPhotoRow, PhotoTagsRow, TagOwnerRow, TagUseRow),
    project=project,
)
