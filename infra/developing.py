"""Developing in an installation: what waits, by its stage and its kind, to the command that takes care of it."""

from dataclasses import dataclass

from commands.deciding import Receipt
from commands.developing import (
    PreviewPhoto,
    ProcessAvatar,
    ProcessPhoto,
    preview_photo,
    process_avatar,
    process_photo,
)
from commands.ports import Darkroom, Deps, Objects
from commands.tidying import TidyPhoto, tidy_photo
from domain.events import PhotoPreviewed, PhotoProcessed
from domain.ids import MemberId, PhotoId
from domain.photos import Photo
from infra.images.pool import Limits, VipsDarkroom
from infra.images.worker import Plates
from infra.installation import Installation
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


@dataclass(frozen=True, slots=True)
class Developing:
    """What hands take from the rows of the read model `processing`."""

    deps: Deps
    darkroom: Darkroom
    objects: Objects

    async def preview(self, photo_id: PhotoId, owner_id: MemberId) -> None:
        """Render a photo's first size."""
        del owner_id
        await self._tidied(
            photo_id, await preview_photo(PreviewPhoto(photo_id), deps=self.deps, darkroom=self.darkroom)
        )

    async def process(self, photo_id: PhotoId, owner_id: MemberId) -> None:
        """Develop a photo, or what waits under the id of its upload: an avatar."""
        receipt = await process_photo(ProcessPhoto(photo_id), deps=self.deps, darkroom=self.darkroom)
        if receipt.state.uploaded is None:
            await process_avatar(ProcessAvatar(owner_id), deps=self.deps, darkroom=self.darkroom, objects=self.objects)
        else:
            await self._tidied(photo_id, receipt)

    async def _tidied(self, photo_id: PhotoId, receipt: Receipt[Photo]) -> None:
        """Leave no file behind of a rendering that came to nothing, or that another overtook."""
        if not any(isinstance(fact.event, PhotoPreviewed | PhotoProcessed) for fact in receipt.recorded):
            await tidy_photo(TidyPhoto(photo_id), deps=self.deps, objects=self.objects)
