"""Photos: decisions over the life of a picture."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from domain.errors import Contradicted, Forbidden, NotFound
from domain.events import (
    Event,
    PhotoAudienceChanged,
    PhotoDescribed,
    PhotoEdited,
    PhotoErased,
    PhotoMoved,
    PhotoPreviewed,
    PhotoProcessed,
    PhotoPruned,
    PhotoRejected,
    PhotoRemoved,
    PhotoRendered,
    PhotoRestored,
    PhotoTakedownLifted,
    PhotoTakenDown,
    PhotoUploaded,
)
from domain.homes import Stream
from domain.ids import MemberId, PhotoId, slot_of
from domain.images import (
    NO_EDITS,
    Camera,
    Edits,
    Likeness,
    Location,
    Rendition,
    checked_edits,
)
from domain.visibility import Audience, Status

CAPTION_MOST: Final = 2_200
ALT_TEXT_MOST: Final = 1_500
PLACE_MOST: Final = 200
TRASH_KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Photo:
    """What is true of a photo now."""

    uploaded: PhotoUploaded | None = None
    status: Status = Status.PROCESSING
    audience: Audience = Audience.PUBLIC
    removed_at: datetime | None = None
    taken_down: bool = False
    erased: bool = False
    caption: str = ""
    alt_text: str = ""
    tags: tuple[str, ...] = ()
    show_location: bool = False
    preview: Rendition | None = None
    rendition: Rendition | None = None
    edits: Edits = NO_EDITS
    edition: int = 0
    shown_edition: int = 0
    size: tuple[int, int] = (0, 0)
    """Of the upright original, in pixels."""
    former: tuple[str, ...] = ()
    """The keys of files that former renditions left."""
    former_recipes: frozenset[int] = frozenset()
    """The recipes of those renditions."""
    moves: int = 0
    """How often its files got new keys."""
    known: bool = False
    """Whether it was for everyone while its files had the keys that they have."""
    outgrown: bool = False
    """Whether that came to an end, so that the files are to get other keys. What is only hidden comes back as it was."""

    @property
    def open(self) -> bool:
        """Whether it is for everyone, as its owner wants it."""
        return self.status == Status.READY and self.audience == Audience.PUBLIC

    @property
    def keys(self) -> frozenset[str]:
        """The files that show it, or did."""
        return _keys(self.rendition) | frozenset(self.former)

    @property
    def waits(self) -> bool:
        """Whether it is to be developed; what is hidden from its owner too is not, until it is shown again."""
        hidden = self.removed_at is not None or self.taken_down or self.erased
        return self.uploaded is not None and self.status == Status.PROCESSING and not hidden

    @property
    def unrendered(self) -> bool:
        """Whether it is ready, but not as its owner last edited it."""
        return self.status == Status.READY and self.shown_edition != self.edition


NO_PHOTO: Final = Photo()


def stream(photo_id: PhotoId) -> Stream:
    """Where a photo is recorded: with its owner."""
    return Stream(f"photo-{photo_id}", slot_of(photo_id))


def evolve(photo: Photo, event: Event) -> Photo:
    """What one event changes."""
    after = _changed(photo, event)
    if isinstance(event, PhotoMoved):
        return replace(after, known=after.open, outgrown=False)
    known = after.known or after.open
    return replace(after, known=known, outgrown=after.outgrown or (known and not after.open))


def _changed(photo: Photo, event: Event) -> Photo:
    match event:
        case PhotoUploaded() as made:
            return Photo(
                uploaded=made,
                audience=Audience(made.audience),
                caption=made.caption,
                alt_text=made.alt_text,
                tags=made.tags,
                show_location=made.show_location,
            )
        case PhotoRejected():
            return replace(photo, status=Status.REJECTED)
        case PhotoDescribed() as words:
            return replace(
                photo,
                caption=words.caption,
                alt_text=words.alt_text,
                tags=words.tags,
                show_location=words.show_location,
            )
        case PhotoAudienceChanged(audience=audience):
            return replace(photo, audience=Audience(audience))
        case _:
            return _standing(photo, event)


def _standing(photo: Photo, event: Event) -> Photo:
    """What hides a photo from everybody, for a while or for good."""
    match event:
        case PhotoRemoved(at=at):
            return replace(photo, removed_at=at)
        case PhotoRestored():
            return replace(photo, removed_at=None)
        case PhotoTakenDown():
            return replace(photo, taken_down=True)
        case PhotoTakedownLifted():
            return replace(photo, taken_down=False)
        case PhotoErased():
            return replace(photo, erased=True)
        case _:
            return _with_picture(photo, event)


def _with_picture(photo: Photo, event: Event) -> Photo:
    match event:
        case PhotoPreviewed(rendition=rendition):
            return replace(photo, preview=rendition)
        case PhotoProcessed(rendition=rendition):
            size = (rendition.width, rendition.height)
            done = replace(photo, status=Status.READY, rendition=rendition, size=size)
            return _leaving(done, photo.preview, rendition)  # some, where the recipe became another in between
        case PhotoEdited(edition=edition, edits=edits):
            return replace(photo, edition=edition, edits=edits)
        case PhotoRendered(edition=edition, rendition=rendition):
            shown = replace(photo, rendition=rendition, shown_edition=edition)
            return _leaving(shown, photo.rendition, rendition)
        case PhotoPruned():
            return replace(photo, former=(), former_recipes=frozenset())
        case PhotoMoved(moves=moves, rendition=rendition):
            return replace(photo, moves=moves, rendition=rendition, former=(), former_recipes=frozenset())
        case _:
            return photo


@dataclass(frozen=True, slots=True)
class Words:
    """What an owner says about a photo; None leaves a field as it is."""

    caption: str | None = None
    alt_text: str | None = None
    tags: tuple[str, ...] | None = None
    show_location: bool | None = None


def describe(photo: Photo, words: PhotoDescribed) -> list[Event]:
    """Change the words; the same words again record nothing."""
    same = (photo.caption, photo.alt_text, photo.tags, photo.show_location)
    return [] if same == (words.caption, words.alt_text, words.tags, words.show_location) else [words]


def change_audience(photo: Photo, audience: Audience, at: datetime) -> list[Event]:
    """Open the photo to more people, or to fewer."""
    made = known_photo(photo)
    if photo.audience == audience:
        return []
    return [
        PhotoAudienceChanged(
            at=at,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            status=photo.status,
            before=photo.audience,
            audience=audience,
        )
    ]


def finish(
    photo: Photo,
    *,
    sha256: str,
    rendition: Rendition,
    taken_at: datetime | None,
    camera: Camera | None,
    location: Location | None,
    likeness: Likeness | None,
    at: datetime,
) -> list[Event]:
    """Record what developing gave; a photo that was hidden meanwhile, or is done already, stays as it is."""
    made = photo.uploaded
    if made is None or not photo.waits:
        return []
    return [
        PhotoProcessed(
            at=at,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            audience=photo.audience,
            sha256=sha256,
            rendition=rendition,
            taken_at=taken_at,
            camera=camera,
            location=location,
            likeness=likeness,
        )
    ]


def preview(photo: Photo, rendition: Rendition, at: datetime) -> list[Event]:
    """Record that the first size is there; once is enough, and a photo that is done needs none."""
    made = photo.uploaded
    if made is None or not photo.waits or photo.preview is not None:
        return []
    return [PhotoPreviewed(at=at, photo_id=made.photo_id, owner_id=made.owner_id, rendition=rendition)]


def edit(photo: Photo, member_id: MemberId, edits: Edits, at: datetime) -> list[Event]:
    """Cut, turn or tone a photo that is ready; the same edits again change nothing."""
    made = owned_by(photo, member_id)
    if photo.status != Status.READY or photo.rendition is None:
        raise Contradicted("photo_not_ready", "Only a photo that is ready can be edited.")
    wanted = checked_edits(edits, *photo.size)
    if wanted == photo.edits:
        return []
    edition = photo.edition + 1
    return [PhotoEdited(at=at, photo_id=made.photo_id, owner_id=made.owner_id, edition=edition, edits=wanted)]


def rendered(
    photo: Photo, edition: int, moves: int, rendition: Rendition, likeness: Likeness | None, at: datetime
) -> list[Event]:
    """Record variants that were rendered anew; none of an edition that is no longer wanted, or under given up keys."""
    made = photo.uploaded
    if made is None or photo.erased or photo.status != Status.READY:
        return []
    if (edition, moves) != (photo.edition, photo.moves):
        return []
    if photo.shown_edition == edition and photo.rendition == rendition:
        return []
    return [
        PhotoRendered(
            at=at,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            audience=photo.audience,
            edition=edition,
            rendition=rendition,
            likeness=likeness,
        )
    ]


def move(photo: Photo, before: Rendition, after: Rendition, at: datetime) -> list[Event]:
    """Record that the files have other keys; where they were not those any more, nothing."""
    made = photo.uploaded
    if made is None or photo.erased or photo.rendition != before:
        return []
    return [PhotoMoved(at=at, photo_id=made.photo_id, owner_id=made.owner_id, moves=photo.moves + 1, rendition=after)]


def prune(photo: Photo, former: tuple[str, ...], at: datetime) -> list[Event]:
    """Record that the files of former renditions are gone; with others come meanwhile, they stay on record."""
    made = photo.uploaded
    if made is None or not photo.former or photo.former != former:
        return []
    return [PhotoPruned(at=at, photo_id=made.photo_id, owner_id=made.owner_id, files=len(former))]


def reject(photo: Photo, code: str, detail: str, at: datetime) -> list[Event]:
    """Record that an upload can't become a photo, if it still waits to."""
    made = photo.uploaded
    if made is None or not photo.waits:
        return []
    return [
        PhotoRejected(
            at=at,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            audience=photo.audience,
            code=code,
            detail=detail,
        )
    ]


def remove(photo: Photo, at: datetime) -> list[Event]:
    """Put a photo into the trash; removing twice changes nothing."""
    made = known_photo(photo, removed_too=True)
    if photo.removed_at is not None:
        return []
    return [
        PhotoRemoved(
            at=at, photo_id=made.photo_id, owner_id=made.owner_id, status=photo.status, audience=photo.audience
        )
    ]


def restore(photo: Photo, at: datetime) -> list[Event]:
    """Bring a photo back from the trash while it is kept there; one that is not in it stays as it is."""
    made = known_photo(photo, removed_too=True)
    if photo.removed_at is None:
        return []
    if at - photo.removed_at > TRASH_KEPT:
        raise Contradicted("trash_expired", "The photo was in the trash for too long.")
    back = PhotoRestored(
        at=at, photo_id=made.photo_id, owner_id=made.owner_id, status=photo.status, audience=photo.audience
    )
    if not photo.unrendered:
        return [back]
    edition = photo.edition + 1  # what was still to be rendered is asked for again
    return [
        back,
        PhotoEdited(at=at, photo_id=made.photo_id, owner_id=made.owner_id, edition=edition, edits=photo.edits),
    ]


def erase(photo: Photo, at: datetime) -> list[Event]:
    """End a photo for good, wherever it stands; again it changes nothing."""
    made = photo.uploaded
    if made is None or photo.erased:
        return []
    gone = [] if photo.taken_down or photo.removed_at is not None else remove(photo, at)
    return [*gone, PhotoErased(at=at, photo_id=made.photo_id, owner_id=made.owner_id)]


def known_photo(photo: Photo, *, removed_too: bool = False) -> PhotoUploaded:
    """How the photo began, or the refusal that there is none."""
    hidden = photo.taken_down or photo.erased
    if photo.uploaded is None or hidden or (photo.removed_at is not None and not removed_too):
        raise NotFound("photo_not_found", "There is no such photo.")
    return photo.uploaded


def owned_by(photo: Photo, member_id: MemberId, *, removed_too: bool = False) -> PhotoUploaded:
    """How the photo began, if the member owns it."""
    made = known_photo(photo, removed_too=removed_too)
    if made.owner_id != member_id:
        raise Forbidden("forbidden", "Only the owner of a photo may do that.")
    return made


def _keys(rendition: Rendition | None) -> frozenset[str]:
    return frozenset() if rendition is None else frozenset(variant.key for variant in rendition.variants)


def _leaving(photo: Photo, before: Rendition | None, after: Rendition) -> Photo:
    """The photo with what a rendition leaves behind it when another takes its place."""
    left = _left(before, after)
    former = tuple(key for key in dict.fromkeys((*photo.former, *left)) if key not in _keys(after))
    recipes = photo.former_recipes | ({before.recipe} if left and before is not None else frozenset())
    return replace(photo, former=former, former_recipes=recipes if former else frozenset())


def _left(before: Rendition | None, after: Rendition) -> list[str]:
    """The files of a rendition that another one doesn't have."""
    return sorted(_keys(before) - _keys(after))
