"""Letting the model look at photos that are there already: which ones, and what became of them; and what it saw."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from commands.detection import Detector, LabelPhoto, label_photo
from domain import detection, photos
from domain.detection import Detection, Model
from domain.folding import fold
from domain.ids import MemberId, PhotoId
from domain.images import Label
from infra.cli.rerendering import paced, rows
from infra.core import Core

_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Unseen:
    """Ready photos that this version of the model has not looked at; with `missing`, that no model has."""

    core: Core
    model: Model
    owner_id: MemberId | None = None
    since: datetime | None = None
    missing: bool = False

    async def count(self) -> int:
        """How many photos are gone through, those that were looked at included."""
        return sum([1 async for _ in self._ready()])

    async def ids(self, passed: Callable[[], object]) -> AsyncIterator[PhotoId]:
        """Their ids; tells of each of the others that it is passed over. Reads the photos' events, some at a time."""
        page: list[PhotoId] = []
        async for photo_id in self._ready():
            page.append(photo_id)
            if len(page) == _PAGE:
                for each in await self._due(page, passed):
                    yield each
                page = []
        for each in await self._due(page, passed):
            yield each

    async def _ready(self) -> AsyncIterator[PhotoId]:
        async for row in rows(self.core, self.owner_id, self.since):
            if row.rendition is not None:
                yield row.photo_id

    async def _due(self, page: list[PhotoId], passed: Callable[[], object]) -> list[PhotoId]:
        due: list[PhotoId] = []
        for photo_id, known in zip(page, await _known(self.core, page), strict=True):
            if detection.due(known, self.model) and not (self.missing and known.looked):
                due.append(photo_id)
            else:
                passed()
        return due


async def detect(
    unseen: Unseen, detector: Detector, *, rate: float, hands: int, report: Callable[[], object]
) -> Counter[str]:
    """Let the model look at what it has not seen, as `paced` does it.

    `labelled`: what it saw is recorded, be it nothing; `given up`: it failed; `left`: another was faster.
    """

    async def one(photo_id: PhotoId) -> str:
        receipt = await label_photo(LabelPhoto(photo_id), deps=unseen.core.deps, detector=detector)
        known, look = receipt.state, (detector.model, receipt.state.edition)
        if look in known.looked:
            return "labelled" if receipt.recorded else "left"
        return "given up" if look in known.failed else "left"

    return await paced(unseen.ids(report), one, rate=rate, hands=hands, report=report)


async def seen(core: Core, photo_id: PhotoId, *, personal: bool) -> list[str]:
    """Lines about one photo: where it is, and what the models made of it; labels only where asked for."""
    (known,) = await _known(core, [photo_id])
    photos.known_photo(known.photo, removed_too=True)
    shown = known.photo.rendition
    lines = [f"status       {known.photo.status}"]
    if shown is not None:
        lines.append(f"picture      edition {known.edition}, recipe {shown.recipe}, {len(shown.variants)} files")
    looks = [*((each, "looked") for each in known.looked), *((each, "failed") for each in known.failed - known.looked)]
    for (model, edition), outcome in sorted(looks, key=str):
        lines.append(f"detection    {model.name} {model.version} {outcome} at edition {edition}")
    if known.asked:
        lines.append("detection    waiting")
    if personal:
        lines += map(_line, known.labels)
    elif known.by is not None:
        lines.append(f"labels       {len(known.labels)} (--personal shows them)")
    return lines


async def _known(core: Core, photo_ids: list[PhotoId]) -> list[Detection]:
    loaded = await core.store.load(*map(photos.stream, photo_ids))
    return [fold(detection.evolve, detection.NO_DETECTION, (fact.event for fact in each.events)) for each in loaded]


def _line(label: Label) -> str:
    where = ""
    if (box := label.box) is not None:
        where = f" at {box.x:.0%} {box.y:.0%}, {box.width:.0%} × {box.height:.0%}"
    return f"label        {label.name} {label.confidence:.0%}{where}"
