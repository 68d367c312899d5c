"""Detection: a model looks at what a photo shows; each version of a model once at each edition of it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from domain import photos
from domain.events import (
    Event,
    PhotoDetectionAsked,
    PhotoDetectionFailed,
    PhotoLabelled,
    PhotoProcessed,
    PhotoRendered,
    PhotoUploaded,
)
from domain.images import Label
from domain.photos import NO_PHOTO, Photo
from domain.visibility import Status


@dataclass(frozen=True, slots=True)
class Model:
    """What looks at photos; another version may see other things."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Detection:
    """A photo, and what models made of it: `labels` are those of the one that looked last."""

    photo: Photo = NO_PHOTO
    asked: bool = False
    looked: frozenset[tuple[Model, int]] = field(default_factory=frozenset)
    failed: frozenset[tuple[Model, int]] = field(default_factory=frozenset)
    by: Model | None = None
    labels: tuple[Label, ...] = ()

    @property
    def edition(self) -> int:
        """Which edition of the photo is shown."""
        return self.photo.shown_edition


NO_DETECTION: Final = Detection()


def evolve(known: Detection, event: Event) -> Detection:
    """What one event of the photo's stream changes."""
    match event:
        case PhotoDetectionAsked():
            return replace(known, asked=True)
        case PhotoLabelled() as found:
            by = Model(found.model, found.model_version)
            looked = known.looked | {(by, found.edition)}
            return replace(known, asked=False, looked=looked, by=by, labels=found.labels or ())
        case PhotoDetectionFailed() as failure:
            failed = known.failed | {(Model(failure.model, failure.model_version), failure.edition)}
            return replace(known, asked=False, failed=failed)
        case _:
            return replace(known, photo=photos.evolve(known.photo, event))


def asking(photo: Photo, events: list[Event], at: datetime) -> list[Event]:
    """These events of a photo, and the wish that a model looks at it where they show another picture of it."""
    wishes: list[Event] = []
    for event in events:
        match event:
            case PhotoProcessed(photo_id=photo_id, owner_id=owner_id):
                wishes.append(PhotoDetectionAsked(at=at, photo_id=photo_id, owner_id=owner_id))
            case PhotoRendered(photo_id=photo_id, owner_id=owner_id, edition=edition) if edition != photo.shown_edition:
                wishes.append(PhotoDetectionAsked(at=at, photo_id=photo_id, owner_id=owner_id))
    return [*events, *wishes]


def due(known: Detection, model: Model) -> bool:
    """Whether there is a picture that this version of the model has not looked at; where it failed, it may again."""
    shown = known.photo.status == Status.READY and not known.photo.erased
    return shown and (model, known.edition) not in known.looked


def label(known: Detection, model: Model, edition: int, labels: tuple[Label, ...], at: datetime) -> list[Event]:
    """Record what a model saw; once is enough, and what it saw of an edition that is no longer shown is nothing."""
    made = _wanted(known, model, edition)
    if made is None:
        return []
    return [
        PhotoLabelled(
            at=at,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            edition=edition,
            model=model.name,
            model_version=model.version,
            labels=labels,
        )
    ]


def fail(known: Detection, model: Model, edition: int, code: str, detail: str, at: datetime) -> list[Event]:
    """Record that a model was given up; another try that nobody asked for records nothing when it fails as well."""
    made = _wanted(known, model, edition)
    if made is None:
        return []
    if (model, edition) in known.failed and not known.asked:
        return []
    return [
        PhotoDetectionFailed(
            at=at,
            photo_id=made.photo_id,
            owner_id=made.owner_id,
            edition=edition,
            model=model.name,
            model_version=model.version,
            code=code,
            detail=detail,
        )
    ]


def _wanted(known: Detection, model: Model, edition: int) -> PhotoUploaded | None:
    """The photo, where what the model makes of that edition is still of use."""
    return known.photo.uploaded if edition == known.edition and due(known, model) else None
