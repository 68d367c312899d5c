"""Developing: what waits for it goes through the darkroom, and what that gave is recorded; done again, nothing happens."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from commands.deciding import Receipt, decide
from commands.errors import Conflict
from commands.members import member_part
from commands.photos import photo_part
from commands.ports import Context, Darkroom, Deps, Exposed, Objects, Spoiled, Wanted
from domain import avatars, photos
from domain.detection import asking
from domain.events import Event
from domain.files import avatar_folder
from domain.folding import fold
from domain.ids import MemberId, PhotoId
from domain.members import Member
from domain.photos import Photo
from domain.recorded import Recorded

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class PreviewPhoto:
    """Render the first size of a published photo."""

    photo_id: PhotoId


@dataclass(frozen=True, slots=True)
class ProcessPhoto:
    """Develop a published photo, or render it as it was last edited.

    With `recipe`, one that is ready is rendered too where it is shown by another; with `again`, in any case. Either way
    it is the darkroom's own recipe that it is rendered by.
    """

    photo_id: PhotoId
    again: bool = False
    recipe: int | None = None


@dataclass(frozen=True, slots=True)
class ProcessAvatar:
    """Render the picture that a member chose."""

    member_id: MemberId


@dataclass(frozen=True, slots=True)
class PrunePhoto:
    """Remove the files that former renditions of a photo left; with `recipe`, only where one was by that."""

    photo_id: PhotoId
    recipe: int | None = None


async def preview_photo(command: PreviewPhoto, *, deps: Deps, darkroom: Darkroom) -> Receipt[Photo]:
    """Render the first size of a photo that waits; a file that is no picture is rejected at once."""
    photo, deps = await _photo(deps, command.photo_id)
    if not photo.waits or photo.preview is not None:
        return Receipt(photo)
    outcome = await darkroom.develop(replace(_exposed(photo), wanted=Wanted.FIRST))
    if isinstance(outcome, Spoiled):
        return await _reject(deps, command.photo_id, outcome)
    rendition = outcome.rendition
    at = deps.now()
    return await decide(deps, photo_part(command.photo_id), lambda photo: photos.preview(photo, rendition, at))


async def process_photo(
    command: ProcessPhoto, *, deps: Deps, darkroom: Darkroom, detects: bool = False
) -> Receipt[Photo]:
    """Develop a photo that waits for it and record the outcome; asked again for a finished one, nothing happens.

    Where the installation `detects`, it is recorded with a new picture that a model is to look at it.
    """
    photo, deps = await _photo(deps, command.photo_id)
    if not photo.waits:
        return await _render(deps, photo, darkroom, detects=detects) if _outdated(photo, command) else Receipt(photo)
    outcome = await darkroom.develop(_exposed(photo))
    if isinstance(outcome, Spoiled):
        return await _reject(deps, command.photo_id, outcome)
    at = deps.now()
    finish = partial(
        photos.finish,
        sha256=outcome.sha256,
        rendition=outcome.rendition,
        taken_at=outcome.taken_at,
        camera=outcome.camera,
        location=outcome.location,
        likeness=outcome.likeness,
        at=at,
    )
    return await decide(
        deps, photo_part(command.photo_id), lambda now: asking(now, finish(now), at) if detects else finish(now)
    )


async def process_avatar(
    command: ProcessAvatar, *, deps: Deps, darkroom: Darkroom, objects: Objects
) -> Receipt[Member]:
    """Render an avatar that waits; once it is recorded, the files of the one before are removed."""
    part = member_part(command.member_id)
    (loaded,) = await deps.store.load(part.stream)
    member = fold(part.evolve, part.start, (fact.event for fact in loaded.events))
    chosen = member.avatar_waiting
    if chosen is None:
        return Receipt(member)
    deps = replace(deps, context=partial(because, loaded.events[-1]))
    original = Exposed(chosen.upload_id, chosen.object_key, chosen.content_type, chosen.sha256, wanted=Wanted.AVATAR)
    outcome = await darkroom.develop(original)
    at = deps.now()
    if isinstance(outcome, Spoiled):
        reject = partial(avatars.reject, upload_id=chosen.upload_id, code=outcome.code, detail=outcome.detail, at=at)
        receipt = await decide(deps, part, reject)
    else:
        finish = partial(avatars.finish, upload_id=chosen.upload_id, rendition=outcome.rendition, at=at)
        receipt = await decide(deps, part, finish)
        if receipt.recorded:
            await objects.remove(avatars.files(member))
    if not avatars.wanted(receipt.state, chosen.upload_id):
        left = await objects.list(f"{avatar_folder(chosen.upload_id)}/")
        await objects.remove([chosen.object_key, *left])
    return receipt


async def prune_photo(command: PrunePhoto, *, deps: Deps, objects: Objects) -> Receipt[Photo]:
    """Remove the files that nothing shows any more, then record that."""
    photo, deps = await _photo(deps, command.photo_id)
    if not photo.former or (command.recipe is not None and command.recipe not in photo.former_recipes):
        return Receipt(photo)
    await objects.remove(photo.former)
    at = deps.now()
    return await decide(deps, photo_part(command.photo_id), lambda now: photos.prune(now, photo.former, at))


async def _render(deps: Deps, photo: Photo, darkroom: Darkroom, *, detects: bool) -> Receipt[Photo]:
    """Render a photo that is ready: as edited, by the recipe of now. Where that fails, it stays as it is shown.

    Where its files got other keys meanwhile, it is rendered once more, under those.
    """
    for _ in range(_TRIES):
        receipt = await _render_once(deps, photo, darkroom, detects=detects)
        if receipt.recorded or receipt.state.moves == photo.moves:
            return receipt
        photo = receipt.state
    raise Conflict("a photo's files got other keys as often as it was rendered")


async def _render_once(deps: Deps, photo: Photo, darkroom: Darkroom, *, detects: bool) -> Receipt[Photo]:
    original = replace(_exposed(photo), edits=photo.edits, edition=photo.edition, first=None)
    outcome = await darkroom.develop(original)
    rendition = photo.rendition if isinstance(outcome, Spoiled) else outcome.rendition
    likeness = None if isinstance(outcome, Spoiled) else outcome.likeness
    if rendition is None or (isinstance(outcome, Spoiled) and not photo.unrendered):
        return Receipt(photo)
    at = deps.now()

    def choose(now: Photo) -> list[Event]:
        events = photos.rendered(now, photo.edition, photo.moves, rendition, likeness, at)
        return asking(now, events, at) if detects else events

    return await decide(deps, photo_part(original.photo_id), choose)


async def _photo(deps: Deps, photo_id: PhotoId) -> tuple[Photo, Deps]:
    """A photo as recorded; what follows from it belongs to the trace of the request that its last fact came from."""
    part = photo_part(photo_id)
    (loaded,) = await deps.store.load(part.stream)
    photo = fold(part.evolve, part.start, (fact.event for fact in loaded.events))
    return photo, replace(deps, context=partial(because, loaded.events[-1])) if loaded.events else deps


async def _reject(deps: Deps, photo_id: PhotoId, why: Spoiled) -> Receipt[Photo]:
    reject = partial(photos.reject, code=why.code, detail=why.detail, at=deps.now())
    return await decide(deps, photo_part(photo_id), reject)


def _outdated(photo: Photo, command: ProcessPhoto) -> bool:
    """Whether one that doesn't wait to be developed is to be rendered."""
    if photo.rendition is None or photo.erased:
        return False
    by_another = command.recipe is not None and photo.rendition.recipe != command.recipe
    return photo.unrendered or command.again or by_another


def _exposed(photo: Photo) -> Exposed:
    made = photo.uploaded
    assert made is not None  # whoever has it developed has seen that it is there
    return Exposed(
        made.photo_id,
        made.object_key,
        made.content_type,
        made.sha256,
        size=made.size,
        first=photo.preview,
        moves=photo.moves,
    )


def because(cause: Recorded) -> Context:
    """What follows from a fact belongs to its trace."""
    return Context(cause.trace_id, cause.event_id, cause.correlation_id)
