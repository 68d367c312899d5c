"""What a camera wrote beside the picture (EXIF): when, where and with what it was taken.

Whatever is missing, damaged or nonsense is left out; no metadata, however broken, fails a photo.
"""

import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from io import BytesIO
from typing import Any, Final

import exifread

from domain.images import Camera, Location

Tags = Mapping[str, Any]

_LONGEST_TEXT: Final = 128
_OFFSET: Final = re.compile(r"([+-])(\d\d):?(\d\d)")
_QUARTER: Final = timedelta(minutes=15)
_ZONES: Final = (timedelta(hours=-12), timedelta(hours=14))  # the zones there are
_BELOW_SEA_LEVEL: Final = {1, 3}  # of the sea, of the ellipsoid (EXIF 3.0)

logging.getLogger("exifread").setLevel(logging.CRITICAL)  # it warns of each oddity of each file


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a picture; None for what is not known."""

    taken_at: datetime | None = None
    camera: Camera | None = None
    location: Location | None = None


def read_facts(exif: bytes | None) -> Facts:
    """The facts in an EXIF block (with or without its `Exif` prefix) or in a TIFF file."""
    if not exif:
        return Facts()
    try:
        tags: Tags = exifread.process_file(
            BytesIO(exif.removeprefix(b"Exif\0\0")), details=False, extract_thumbnail=False
        )
    except Exception:  # noqa: BLE001 - a parser of hostile bytes may raise anything; the photo is shown without facts
        return Facts()
    return Facts(_taken_at(tags), _camera(tags), _location(tags))


def _camera(tags: Tags) -> Camera | None:
    iso = _number(tags, "EXIF ISOSpeedRatings")
    camera = Camera(
        make=_text(tags, "Image Make"),
        model=_text(tags, "Image Model"),
        lens=_text(tags, "EXIF LensModel"),
        focal_length_mm=_number(tags, "EXIF FocalLength"),
        aperture=_number(tags, "EXIF FNumber"),
        exposure_s=_number(tags, "EXIF ExposureTime"),
        iso=None if iso is None else round(iso),
    )
    return None if camera == Camera(None, None, None, None, None, None, None) else camera


def _taken_at(tags: Tags) -> datetime | None:
    """When the picture was taken, in its zone.

    The camera's clock in the zone that it states; where it states none, in the zone (of whole quarters of an hour) that
    the GPS time of the picture tells; where there is no such time, or no zone would explain it, as if it were UTC.
    """
    text = _text(tags, "EXIF DateTimeOriginal")
    if text is None:
        return None
    try:
        local = datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - the zone is found below
        local += timedelta(seconds=float("0." + _digits(tags, "EXIF SubSecTimeOriginal")))
        offset = _stated_offset(tags)
        if offset is None:
            offset = _offset_by_gps(tags, local)
        taken = local.replace(tzinfo=timezone(offset))
        taken.astimezone(UTC)  # raises for what no calendar holds in UTC
    except (ValueError, OverflowError):
        return None
    return taken


def _stated_offset(tags: Tags) -> timedelta | None:
    for name in ("EXIF OffsetTimeOriginal", "EXIF OffsetTime"):
        match = _OFFSET.fullmatch(_text(tags, name) or "")
        if match:
            offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
            return -offset if match[1] == "-" else offset
    return None


def _offset_by_gps(tags: Tags, local: datetime) -> timedelta:
    clock, day = _ratios(tags, "GPS GPSTimeStamp"), _text(tags, "GPS GPSDate")
    if len(clock) != 3 or day is None:  # noqa: PLR2004 - hours, minutes, seconds
        return timedelta(0)
    try:
        year, month, number = (int(part) for part in re.split("[:-]", day))
        midnight = datetime.combine(date(year, month, number), datetime.min.time())
        universal = midnight + timedelta(hours=clock[0], minutes=clock[1], seconds=clock[2])
    except (ValueError, OverflowError):
        return timedelta(0)
    offset = round((local - universal) / _QUARTER) * _QUARTER
    return offset if _ZONES[0] <= offset <= _ZONES[1] else timedelta(0)


def _location(tags: Tags) -> Location | None:
    """Where the picture was taken; cameras without a fix write zeros, which are no place."""
    latitude = _degrees(tags, "GPS GPSLatitude", "N", "S", 90)
    longitude = _degrees(tags, "GPS GPSLongitude", "E", "W", 180)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None
    altitude = _number(tags, "GPS GPSAltitude", zero=True)
    if altitude is not None and next(iter(_ratios(tags, "GPS GPSAltitudeRef")), 0) in _BELOW_SEA_LEVEL:
        altitude = -altitude
    return Location(latitude, longitude, altitude)


def _degrees(tags: Tags, name: str, positive: str, negative: str, limit: int) -> float | None:
    """Degrees, minutes and seconds as signed degrees to a tenth of a millimetre; None where they make no sense."""
    parts = _ratios(tags, name)
    side = (_text(tags, f"{name}Ref") or "").upper()[:1]
    if len(parts) != 3 or side not in {positive, negative}:  # noqa: PLR2004
        return None
    degrees = parts[0] + parts[1] / 60 + parts[2] / 3600
    if min(parts) < 0 or degrees > limit:
        return None
    return round(-degrees if side == negative else degrees, 9)


def _ratios(tags: Tags, name: str) -> tuple[float, ...]:
    """All values of a tag as numbers; none at all where one of them is no finite number."""
    values = getattr(tags.get(name), "values", ())
    try:
        numbers = tuple(float(value) for value in (values if isinstance(values, (list, tuple, bytes)) else ()))
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return ()
    return numbers if all(map(math.isfinite, numbers)) else ()


def _number(tags: Tags, name: str, *, zero: bool = False) -> float | None:
    """The first value, to nine decimals; cameras write 0 for "unknown"."""
    number = next(iter(_ratios(tags, name)), -1.0)
    return round(number, 9) if number > 0 or (zero and number == 0) else None


def _text(tags: Tags, name: str) -> str | None:
    """A tag's text without NUL bytes, control characters and padding; None where nothing is left."""
    values = getattr(tags.get(name), "values", "")
    if isinstance(values, bytes):
        values = values.decode("utf-8", "replace")
    if not isinstance(values, str):
        return None
    first = values.split("\0", 1)[0] or values.replace("\0", "")
    plain = "".join(letter if letter.isprintable() else " " for letter in first)
    return " ".join(plain.split())[:_LONGEST_TEXT] or None


def _digits(tags: Tags, name: str) -> str:
    text = _text(tags, name) or ""
    return text if text.isascii() and text.isdigit() else "0"
