"""Search: what members and photos are found by.

A photo is found by its owner's name, too. The name stands in a row of its own beside the photos, in the same home, and
is joined when asked, so that a change of name costs one row however many photos there are. Who may see what is found is
decided at read; only where a photo was taken stays out of these rows' words unless its owner shows it.

A rank is a whole number made of the document and the query alone. So pages by (rank, id) neither repeat nor skip a
document because others come and go, and every engine ranks the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from domain.events import (
    MemberErased,
    MemberRegistered,
    PhotoDescribed,
    PhotoErased,
    PhotoLabelled,
    PhotoProcessed,
    PhotoRejected,
    PhotoRemoved,
    PhotoRestored,
    PhotoUploaded,
    ProfileChanged,
)
from domain.ids import MemberId, PhotoId
from domain.images import Location
from domain.recorded import Recorded
from projections.rows import Change, Drop, Look, Projection, Put, row
from projections.words import LONGEST, highlight, indexed, storable, terms

TAG: Final = 5
WORD: Final = 4
PREFIX: Final = 2
TYPO: Final = 1
"""What a term adds to the rank of a document, by the best way in which it finds it: as a whole tag, as a word, …"""
THE_USERNAME: Final = 1000
BEGINS_USERNAME: Final = 100
"""What it adds that the whole query is the username, or the beginning of it."""
EARTH_KM: Final = 6371.0087714
"""The radius of the sphere on which distances are measured."""


@row("member_documents", key=("member_id",))
class MemberDocument:
    """What a member is found by."""

    member_id: MemberId
    username: str
    first_name: str
    last_name: str
    words: str


@row("photo_owners", key=("owner_id",))
class PhotoOwner:
    """What all photos of a member are found by, in addition to their own words."""

    owner_id: MemberId
    username: str
    words: str


@row("photo_documents", key=("owner_id", "photo_id"), orders=(("photo_id",),))
class PhotoDocument:
    """What a photo is found by: `words` hold the place only where it is shown, `placed` where it is for the owner alone.

    `labels` are what a model saw in it; they are among the words.
    """

    owner_id: MemberId
    photo_id: PhotoId
    caption: str
    alt_text: str
    tags: tuple[str, ...]
    place: str
    show_location: bool
    location: Location | None
    created_at: datetime
    removed: bool
    words: str
    tagged: str
    camera: str
    placed: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Near:
    """Within so many kilometres of a point (WGS 84, decimal degrees)."""

    latitude: float
    longitude: float
    km: float


@dataclass(frozen=True, slots=True)
class PhotoFilters:
    """What photos must be besides; `since` counts, `until` doesn't, and both go by when they were published.

    Photos of the `viewer` are found by their places too where they don't show them to others.
    """

    tag: str | None = None
    owner_id: MemberId | None = None
    since: datetime | None = None
    until: datetime | None = None
    camera: str | None = None
    near: Near | None = None
    viewer: MemberId | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place in what was found: a rank, and among equals the id."""

    rank: int
    id: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A member or a photo that was found, and the texts in which it was, as safe HTML with `<em>` around the words."""

    id: str
    rank: int
    highlights: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> Ranked:
        """Where the next page goes on."""
        return Ranked(self.rank, self.id)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found, and how much there is in all, before anyone asks who may see it."""

    hits: Sequence[Hit]
    total: int


def project_members(fact: Recorded, look: Look) -> Iterator[Change]:
    """One row a member."""
    match fact.event:
        case MemberErased(member_id=member):
            yield Drop(MemberDocument, (member,))
        case MemberRegistered() as made:
            yield Put(_member(made.member_id, made.username, made.first_name, made.last_name))
        case ProfileChanged() as change:
            known = look.get(MemberDocument, change.member_id)
            if known is not None:
                yield Put(_member(known.member_id, known.username, change.first_name, change.last_name))


def project_photos(fact: Recorded, look: Look) -> Iterator[Change]:
    """One row a photo that can be shown some day, and one row an owner."""
    match fact.event:
        case MemberErased(member_id=member):
            yield Drop(PhotoOwner, (member,))
        case MemberRegistered() as made:
            yield Put(_owner(made.member_id, made.username, made.first_name, made.last_name))
        case ProfileChanged() as change:
            owner = look.get(PhotoOwner, change.member_id)
            if owner is not None:
                yield Put(_owner(owner.owner_id, owner.username, change.first_name, change.last_name))
        case PhotoUploaded() as made:
            yield Put(_uploaded(made))
        case PhotoRejected(owner_id=owner_id, photo_id=photo_id) | PhotoErased(owner_id=owner_id, photo_id=photo_id):
            yield Drop(PhotoDocument, (owner_id, photo_id))
        case (
            PhotoProcessed(owner_id=owner_id, photo_id=photo_id)
            | PhotoLabelled(owner_id=owner_id, photo_id=photo_id)
            | PhotoDescribed(owner_id=owner_id, photo_id=photo_id)
            | PhotoRemoved(owner_id=owner_id, photo_id=photo_id)
            | PhotoRestored(owner_id=owner_id, photo_id=photo_id)
        ):
            before = look.get(PhotoDocument, owner_id, photo_id)
            if before is not None:
                yield Put(_found_by(_after(before, fact)))


def username_asked(query: str) -> str:
    """What a query would be as a username."""
    return storable(query).strip().removeprefix("@").casefold()[:LONGEST]


def member_highlights(found: MemberDocument, asked: tuple[str, ...]) -> Mapping[str, str]:
    """Where the terms are in a member's names."""
    return _marked(asked, username=found.username, first_name=found.first_name, last_name=found.last_name)


def photo_highlights(found: PhotoDocument, asked: tuple[str, ...], viewer: MemberId | None) -> Mapping[str, str]:
    """Where the terms are in a photo's texts."""
    place = found.place if found.show_location or found.owner_id == viewer else ""
    return _marked(asked, caption=found.caption, alt_text=found.alt_text, tags=" ".join(found.tags), place=place)


def _marked(asked: tuple[str, ...], **texts: str) -> Mapping[str, str]:
    marked = {name: highlight(text, asked) for name, text in texts.items()}
    return {name: text for name, text in marked.items() if text is not None}


def _member(member_id: MemberId, username: str, first_name: str, last_name: str) -> MemberDocument:
    return MemberDocument(member_id, username, first_name, last_name, indexed(username, first_name, last_name))


def _owner(owner_id: MemberId, username: str, first_name: str, last_name: str) -> PhotoOwner:
    return PhotoOwner(owner_id, username, indexed(username, first_name, last_name))


def _uploaded(photo: PhotoUploaded) -> PhotoDocument:
    return _found_by(
        PhotoDocument(
            owner_id=photo.owner_id,
            photo_id=photo.photo_id,
            caption=photo.caption,
            alt_text=photo.alt_text,
            tags=photo.tags,
            place=photo.place,
            show_location=photo.show_location,
            location=None,
            created_at=photo.at,
            removed=False,
            words="",
            tagged="",
            camera="",
            placed="",
        )
    )


def _after(before: PhotoDocument, fact: Recorded) -> PhotoDocument:
    match fact.event:
        case PhotoProcessed(location=location, camera=camera):
            words = indexed(camera.make or "", camera.model or "") if camera is not None else ""
            return replace(before, location=location, camera=words)
        case PhotoLabelled(labels=labels):
            return replace(before, labels=tuple(dict.fromkeys(label.name for label in labels or ())))
        case PhotoDescribed() as said:
            return replace(
                before,
                caption=said.caption,
                alt_text=said.alt_text,
                tags=said.tags,
                show_location=said.show_location,
            )
        case PhotoRemoved():
            return replace(before, removed=True)
        case _:
            return replace(before, removed=False)


def _found_by(photo: PhotoDocument) -> PhotoDocument:
    place = photo.place if photo.show_location else ""
    single = (found[0] for found in map(terms, photo.tags) if len(found) == 1)
    words = indexed(photo.caption, photo.alt_text, place, *photo.tags, *photo.labels)
    placed = "" if photo.show_location else indexed(photo.place)
    return replace(photo, words=words, tagged=" ".join(dict.fromkeys(single)), placed=placed)


MEMBER_SEARCH: Final = Projection(
    name="member_search",
    version=2,
    handles=(MemberRegistered, ProfileChanged, MemberErased),
    rows=(MemberDocument,),
    project=project_members,
)

PHOTO_SEARCH: Final = Projection(
    name="photo_search",
    version=3,
    handles=(
        MemberRegistered,
        ProfileChanged,
        PhotoUploaded,
        PhotoProcessed,
        PhotoLabelled,
        PhotoRejected,
        PhotoDescribed,
        PhotoRemoved,
        PhotoRestored,
        PhotoErased,
        MemberErased,
    ),
    rows=(PhotoDocument, PhotoOwner),
    project=project_photos,
)
