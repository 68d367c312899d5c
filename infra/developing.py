"""Developing in an installation: what waits, by its stage and its kind, to the command that takes care of it."""

from dataclasses import dataclass
from pathlib import Path

from commands.deciding import Receipt
from commands.detection import Detector, LabelPhoto, label_photo
from commands.developing import (
    PreviewPhoto,
    ProcessAvatar,
    ProcessPhoto,
    preview_photo,
    process_avatar,
    process_photo,
)
from commands.ports import Darkroom, Deps, Home, Objects
from commands.tidying import TidyPhoto, tidy_photo
from domain.events import PhotoPreviewed, PhotoProcessed
from domain.ids import MemberId, PhotoId
from domain.photos import Photo
from infra.images.pool import Limits, VipsDarkroom
from infra.images.worker import Plates, home
from infra.installation import Installation
from infra.onnx.detector import OnnxDetector
from infra.onnx.spec import Spec, UnfitModel
from infra.recipes import recipe_of
from infra.settings import Settings


def darkroom_of(settings: Settings, installation: Installation, plates: Plates) -> VipsDarkroom:
    """The rendering processes of an installation, not started yet; they render by its recipe."""
    return VipsDarkroom(
        plates,
        installation.key("variants"),
        workers=settings.media_workers,
        limits=Limits(settings.media_seconds, settings.media_memory, settings.media_max_pixels),
        recipe=recipe_of(settings),
    )


def detector_of(settings: Settings, plates: Plates) -> OnnxDetector:
    """The operator's model, not open yet; `UnfitModel` where the settings name none."""
    if not settings.detect_model or not settings.detect_labels:
        raise UnfitModel(
            "set FILMROLL_DETECT_MODEL and FILMROLL_DETECT_LABELS to a model and what its labels are called"
        )
    spec = Spec(
        Path(settings.detect_model),
        Path(settings.detect_labels),
        pixels=settings.detect_pixels,
        scores=settings.detect_scores,
        boxes=settings.detect_boxes,
        confidence=settings.detect_confidence,
        batch=settings.detect_batch,
    )
    return OnnxDetector(spec, plates, seconds=settings.detect_seconds)


@dataclass(frozen=True, slots=True)
class Detecting:
    """What hands take from the rows of photos that a model is to look at."""

    deps: Deps
    detector: Detector

    async def label(self, photo_id: PhotoId, owner_id: MemberId) -> None:
        """Let the model look at a photo."""
        del owner_id
        await label_photo(LabelPhoto(photo_id), deps=self.deps, detector=self.detector)


def home_of(installation: Installation) -> Home:
    """Where the rendering processes of an installation leave a photo's files."""
    secret = installation.key("variants")
    return lambda photo_id, moves: home(photo_id, secret, moves)


@dataclass(frozen=True, slots=True)
class Developing:
    """What hands take from the rows of the read model `processing`; where it `detects`, it asks for that too."""

    deps: Deps
    darkroom: Darkroom
    objects: Objects
    home: Home
    detects: bool = False

    async def preview(self, photo_id: PhotoId, owner_id: MemberId) -> None:
        """Render a photo's first size."""
        del owner_id
        await self._tidied(
            photo_id, await preview_photo(PreviewPhoto(photo_id), deps=self.deps, darkroom=self.darkroom)
        )

    async def process(self, photo_id: PhotoId, owner_id: MemberId) -> None:
        """Develop a photo, or what waits under the id of its upload: an avatar."""
        receipt = await process_photo(
            ProcessPhoto(photo_id), deps=self.deps, darkroom=self.darkroom, detects=self.detects
        )
        if receipt.state.uploaded is None:
            await process_avatar(ProcessAvatar(owner_id), deps=self.deps, darkroom=self.darkroom, objects=self.objects)
        else:
            await self._tidied(photo_id, receipt)

    async def _tidied(self, photo_id: PhotoId, receipt: Receipt[Photo]) -> None:
        """Leave no file behind of a rendering that came to nothing, or that another overtook."""
        if not any(isinstance(fact.event, PhotoPreviewed | PhotoProcessed) for fact in receipt.recorded):
            await tidy_photo(TidyPhoto(photo_id), deps=self.deps, objects=self.objects, home=self.home)
