"""Photos: publish an upload, describe, edit, set the audience, remove and restore."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from commands import albums
from commands.deciding import Part, Receipt, decide, decide_together, look
from commands.errors import Unavailable
from commands.once import Once
from commands.ports import Deps, Objects
from commands.seeing import seen_photo
from commands.uploads import check_arrived, upload_part
from domain import photos, texts, uploads
from domain.errors import Contradicted, Forbidden
from domain.events import Event, PhotoDescribed, PhotoUploaded
from domain.ids import AlbumId, MemberId, PhotoId, UploadId, slot_of
from domain.images import Edits
from domain.photos import ALT_TEXT_MOST, CAPTION_MOST, PLACE_MOST, Photo, Words
from domain.visibility import Audience, Sight


@dataclass(frozen=True, slots=True)
class PublishPhoto:
    """Make an uploaded file a photo."""

    member_id: MemberId
    upload_id: UploadId
    caption: str = ""
    alt_text: str = ""
    tags: tuple[str, ...] = ()
    audience: Audience = Audience.PUBLIC
    place: str = ""
    show_location: bool = False
    album_ids: tuple[AlbumId, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangePhoto:
    """Change what is said of a photo, or for whom it is."""

    member_id: MemberId
    photo_id: PhotoId
    words: Words
    audience: Audience | None = None


@dataclass(frozen=True, slots=True)
class RemovePhoto:
    """Put a photo into the trash."""

    member_id: MemberId
    photo_id: PhotoId


@dataclass(frozen=True, slots=True)
class RestorePhoto:
    """Bring a photo back from the trash."""

    member_id: MemberId
    photo_id: PhotoId


@dataclass(frozen=True, slots=True)
class EditPhoto:
    """Cut, turn or tone a photo."""

    member_id: MemberId
    photo_id: PhotoId
    edits: Edits


async def publish_photo(
    command: PublishPhoto, *, deps: Deps, objects: Objects, once: Once | None = None
) -> Receipt[Photo]:
    """Publish an upload whose bytes have arrived; the same upload again gives the same photo."""
    caption = texts.block(command.caption, "caption", most=CAPTION_MOST)
    alt_text = texts.block(command.alt_text, "alt_text", most=ALT_TEXT_MOST)
    place = texts.line(command.place, "place", most=PLACE_MOST)
    tags = texts.tags(command.tags, caption)
    album_ids = albums.to_be_filled(command.member_id, command.album_ids)
    upload = await look(deps, upload_part(command.upload_id))
    requested = uploads.owned(upload, command.member_id)
    if upload.photo_id is not None:
        return await _again(deps, command.upload_id, upload.photo_id)
    await check_arrived(objects, requested)

    at = deps.now()
    photo_id = deps.new_id(slot_of(command.member_id), at)
    published = PhotoUploaded(
        at=at,
        photo_id=photo_id,
        owner_id=command.member_id,
        upload_id=command.upload_id,
        object_key=requested.object_key,
        content_type=requested.content_type,
        size=requested.size,
        sha256=requested.sha256,
        filename=requested.filename,
        caption=caption,
        alt_text=alt_text,
        tags=tags,
        mentions=texts.mentions(caption),
        audience=command.audience,
        place=place,
        show_location=command.show_location,
    )

    def choose(states: tuple[Any, ...]) -> Sequence[Sequence[Event]]:
        if states[1].photo_id is not None:
            raise _UsedMeanwhile(states[1].photo_id)
        used = uploads.use(states[1], command.member_id, photo_id, at)
        filled = [albums.filled(album, command.member_id, photo_id, at) for album in states[2 : 2 + len(album_ids)]]
        return [[published], used, *([] for _ in album_ids), *filled]

    try:
        receipt = await decide_together(
            deps,
            (
                photo_part(photo_id, fresh=True),
                upload_part(command.upload_id),
                *map(albums.album_part, album_ids),
                *(albums.entry_part(album_id, photo_id) for album_id in album_ids),
            ),
            choose,
            once=once and once.of_first(),
        )
    except _UsedMeanwhile as race:
        return await _again(deps, command.upload_id, race.photo_id)
    state = receipt.state[0] if receipt.state else photos.NO_PHOTO
    return Receipt(state, receipt.recorded, receipt.reached, receipt.replayed, receipt.pending)


async def change_photo(command: ChangePhoto, *, deps: Deps, sight: Sight) -> Receipt[Photo]:
    """Change words and audience in one step; only the owner may."""
    await _own(deps, sight, command.member_id, command.photo_id)
    said = _checked(command.words)
    at = deps.now()

    def choose(photo: Photo) -> Sequence[Event]:
        made = photos.owned_by(photo, command.member_id)
        caption = photo.caption if said.caption is None else said.caption
        tags = _stated(photo) if said.tags is None else said.tags
        words = PhotoDescribed(
            at=at,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            caption=caption,
            alt_text=photo.alt_text if said.alt_text is None else said.alt_text,
            tags=texts.tags(tags, caption) if said.tags is not None or said.caption is not None else photo.tags,
            mentions=texts.mentions(caption),
            show_location=photo.show_location if said.show_location is None else said.show_location,
        )
        audience = [] if command.audience is None else photos.change_audience(photo, command.audience, at)
        return [*photos.describe(photo, words), *audience]

    return await decide(deps, photo_part(command.photo_id), choose)


async def remove_photo(command: RemovePhoto, *, deps: Deps, sight: Sight) -> Receipt[Photo]:
    """Gone from every read at once; only the owner may, and again changes nothing."""
    await _own(deps, sight, command.member_id, command.photo_id, removed_too=True)
    return await decide(deps, photo_part(command.photo_id), partial(photos.remove, at=deps.now()))


async def restore_photo(command: RestorePhoto, *, deps: Deps, sight: Sight, once: Once | None = None) -> Receipt[Photo]:
    """Back from the trash, with all that belonged to it."""
    await _own(deps, sight, command.member_id, command.photo_id, removed_too=True)
    return await decide(deps, photo_part(command.photo_id), partial(photos.restore, at=deps.now()), once=once)


async def edit_photo(command: EditPhoto, *, deps: Deps, sight: Sight) -> Receipt[Photo]:
    """Have a photo rendered cut, turned or toned; only the owner may, and the original stays as it is."""
    await _own(deps, sight, command.member_id, command.photo_id)
    at = deps.now()
    return await decide(
        deps, photo_part(command.photo_id), lambda photo: photos.edit(photo, command.member_id, command.edits, at)
    )


def photo_part(photo_id: PhotoId, *, fresh: bool = False) -> Part[Photo]:
    """A photo as part of a decision."""
    return Part(photos.stream(photo_id), photos.evolve, photos.NO_PHOTO, fresh)


class _UsedMeanwhile(Exception):
    """Another request has made a photo of the same upload."""

    def __init__(self, photo_id: PhotoId) -> None:
        super().__init__(photo_id)
        self.photo_id = photo_id


async def _again(deps: Deps, upload_id: UploadId, photo_id: PhotoId) -> Receipt[Photo]:
    if photo_id == upload_id:
        raise Contradicted("upload_used", "The upload was made an avatar; a photo needs one of its own.")
    return await decide(deps, photo_part(photo_id), lambda _: [])


async def _own(deps: Deps, sight: Sight, member_id: MemberId, photo_id: PhotoId, *, removed_too: bool = False) -> None:
    """Refuse anyone but the owner: 404 to those who don't see the photo, 403 to those who do.

    While the read store is down the record itself tells the owner, who must be able to take away what is theirs.
    """
    try:
        if removed_too:
            photo = (await sight.photos([photo_id])).get(photo_id)
            if photo is not None and photo.owner_id == member_id:
                return
        seen = await seen_photo(sight, member_id, photo_id)
    except Unavailable:
        made = (await look(deps, photo_part(photo_id))).uploaded
        if made is None or made.owner_id != member_id:
            raise
        return
    if seen.owner_id != member_id:
        raise Forbidden("forbidden", "Only the owner of a photo may do that.")


def _stated(photo: Photo) -> tuple[str, ...]:
    """The tags that don't come from the caption alone: when the caption changes, its own go with it."""
    written = texts.tags((), photo.caption)
    return tuple(tag for tag in photo.tags if tag not in written)


def _checked(words: Words) -> Words:
    return Words(
        caption=None if words.caption is None else texts.block(words.caption, "caption", most=CAPTION_MOST),
        alt_text=None if words.alt_text is None else texts.block(words.alt_text, "alt_text", most=ALT_TEXT_MOST),
        tags=None if words.tags is None else texts.tags(words.tags),
        show_location=words.show_location,
    )
