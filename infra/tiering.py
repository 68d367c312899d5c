"""Tiers of an installation: the rule that its settings make, and where each of them lies."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from domain.errors import Invalid
from domain.tiers import Tier, checked_tiers
from infra.settings import Settings

_ASLEEP: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""What lies in these classes has to be restored, for hours, before anyone can read it."""


def tiers_of(settings: Settings) -> tuple[Tier, ...]:
    """The rule, by rising age; `Invalid` where it contradicts itself."""
    return checked_tiers([Tier(name, int(days)) for name, days in _pairs(settings.media_tiers)])


def folders_of(settings: Settings) -> Mapping[str, Path]:
    """The folder of each tier that has one; `Invalid` for a tier that is none, and for folders within one another."""
    folders = {name: Path(folder).expanduser().resolve() for name, folder in _pairs(settings.media_tier_folders)}
    _check_known(folders, settings, "media_tier_folders")
    all_of_them = [(settings.data / "objects").resolve(), *folders.values()]
    for number, one in enumerate(all_of_them):
        for other in all_of_them[:number]:
            if one.is_relative_to(other) or other.is_relative_to(one):
                raise Invalid("invalid", f"{one} and {other} lie within one another", field="media_tier_folders")
    return folders


def classes_of(settings: Settings) -> Mapping[str, str]:
    """The storage class of each tier that has one; `Invalid` for a tier that is none, and for classes that sleep."""
    classes = dict(_pairs(settings.minio_tiers))
    _check_known(classes, settings, "minio_tiers")
    if asleep := _ASLEEP & set(classes.values()):
        said = f"what lies in {', '.join(sorted(asleep))} can't be read at once, as originals must; GLACIER_IR can"
        raise Invalid("invalid", said, field="minio_tiers")
    return classes


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for pair in filter(str.strip, text.split(",")):
        name, _, value = pair.partition("=")
        yield name.strip(), value.strip()


def _check_known(places: Mapping[str, object], settings: Settings, field: str) -> None:
    if strange := set(places) - {tier.name for tier in tiers_of(settings)}:
        raise Invalid("invalid", f"there is no tier {', '.join(sorted(strange))} in media_tiers", field=field)
