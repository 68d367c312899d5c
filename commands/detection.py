"""Detection: a model looks at the picture that a photo shows, and what it saw is recorded; again, nothing happens."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from commands.deciding import Part, Receipt, decide
from commands.developing import because
from commands.ports import Deps, Spoiled
from domain import detection, photos
from domain.detection import NO_DETECTION, Detection, Model
from domain.folding import fold
from domain.ids import PhotoId
from domain.images import Label, Rendition


class Detector(Protocol):
    """A model that looks at pictures, in processes of its own."""

    @property
    def model(self) -> Model:
        """Which model it is."""
        ...

    async def look(self, picture: Rendition) -> tuple[Label, ...] | Spoiled:
        """What is in a picture, the surest first, or why the model can't tell, after a few tries.

        Raises `ConnectionError` while the picture's files can't be reached: it may be asked again later.
        """
        ...


@dataclass(frozen=True, slots=True)
class LabelPhoto:
    """Let the model look at a photo."""

    photo_id: PhotoId


async def label_photo(command: LabelPhoto, *, deps: Deps, detector: Detector) -> Receipt[Detection]:
    """Look at a photo that is ready, unless this version of the model did; whatever comes of it, it stays ready."""
    part = detection_part(command.photo_id)
    (loaded,) = await deps.store.load(part.stream)
    known = fold(part.evolve, part.start, (fact.event for fact in loaded.events))
    picture, model, edition = known.photo.rendition, detector.model, known.edition
    if picture is None or not detection.due(known, model):
        return Receipt(known)
    deps = replace(deps, context=partial(because, loaded.events[-1]))
    found = await detector.look(picture)
    at = deps.now()
    if isinstance(found, Spoiled):
        return await decide(deps, part, lambda now: detection.fail(now, model, edition, found.code, found.detail, at))
    return await decide(deps, part, lambda now: detection.label(now, model, edition, found, at))


def detection_part(photo_id: PhotoId) -> Part[Detection]:
    """A photo with what models made of it."""
    return Part(photos.stream(photo_id), detection.evolve, NO_DETECTION)
