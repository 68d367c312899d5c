"""Files as cameras write them: phones, compact cameras, HDR, HEIC, and metadata that was damaged on the way."""

import os
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import exifread
import numpy as np
import pillow_heif
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps

from commands.ports import Spoiled
from domain.images import Camera, Location
from infra.images.facts import Facts
from infra.images.render import Rendered, render
from tests.infra.images.samples import EXIF_IFD, GPS_IFD, MAKE, MODEL, decoded

FOLDER = Path(__file__).parents[3].parent / "shared" / "photos"
FILES = sorted(path for path in FOLDER.glob("*") if path.suffix != ".md")
ZONES = {"HMD_Nokia_8.3_5G.jpg": 3, "IMG_5195.HEIC": -5, "iphone_hdr_YES.jpg": 2}
"""Hours that clocks were ahead of UTC: stated by two phones, told by the GPS time of the third. Nobody knows of the others."""


@pytest.fixture(scope="module", autouse=True)
def camera_files() -> None:
    if not FILES:
        missing = f"the folder of camera files is missing: {FOLDER}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)


def opened(path: Path) -> Image.Image:
    """The file as an independent reader sees it: upright, in sRGB."""
    if path.suffix == ".HEIC":
        image = pillow_heif.open_heif(path).to_pillow()
    else:
        with Image.open(path) as stored:
            image = ImageOps.exif_transpose(stored)
    profile = image.info.get("icc_profile")
    if profile:
        image = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
        )
    return image.convert("RGB")


@cache
def rendered(path: Path) -> Rendered:
    result = render(path.read_bytes())
    assert isinstance(result, Rendered)
    return result


def read_by_pillow(path: Path) -> Facts:
    """All facts of a file as Pillow reads them, which has no part in how the product does."""
    block = Image.Exif()
    if path.suffix == ".HEIC":
        block.load(pillow_heif.open_heif(path).info["exif"])
    else:
        with Image.open(path) as image:
            block = image.getexif()
    camera, gps = block.get_ifd(EXIF_IFD), block.get_ifd(GPS_IFD)
    seen = Camera(
        make=text(block.get(MAKE)),
        model=text(block.get(MODEL)),
        lens=text(camera.get(ExifTags.Base.LensModel)),
        focal_length_mm=number(camera.get(ExifTags.Base.FocalLength)),
        aperture=number(camera.get(ExifTags.Base.FNumber)),
        exposure_s=number(camera.get(ExifTags.Base.ExposureTime)),
        iso=camera.get(ExifTags.Base.ISOSpeedRatings),
    )
    return Facts(
        taken(path, camera.get(ExifTags.Base.DateTimeOriginal), camera.get(ExifTags.Base.SubsecTimeOriginal)),
        seen if any(value is not None for value in asdict(seen).values()) else None,
        place(gps),
    )


def text(value: str | None) -> str | None:
    return None if value is None else value.rstrip("\0 ")


def number(value: float | None) -> object:
    return None if value is None else pytest.approx(float(value), abs=1e-9)


def taken(path: Path, clock: str | None, fraction: str | None) -> datetime | None:
    if clock is None:
        return None
    at = datetime.strptime(f"{clock}.{fraction or 0}", "%Y:%m:%d %H:%M:%S.%f")  # noqa: DTZ007
    return (at - timedelta(hours=ZONES.get(path.name, 0))).replace(tzinfo=UTC)


def place(gps: dict[int, Any]) -> Location | None:
    if ExifTags.GPS.GPSLatitude not in gps:
        return None
    height = gps.get(ExifTags.GPS.GPSAltitude)
    below = bytes(gps.get(ExifTags.GPS.GPSAltitudeRef, b"\0")) == b"\1"
    return Location(
        pytest.approx(degrees(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef]), abs=1e-8),
        pytest.approx(degrees(gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef]), abs=1e-8),
        None if height is None else pytest.approx(-float(height) if below else float(height), abs=1e-8),
    )


def degrees(parts, side: str) -> float:
    whole = float(parts[0]) + float(parts[1]) / 60 + float(parts[2]) / 3600
    return -whole if side in {"S", "W"} else whole


@pytest.mark.parametrize("path", FILES or [FOLDER / "none"], ids=lambda path: path.name)
def test_each_is_rendered_as_an_independent_reader_sees_it(path: Path) -> None:
    result = rendered(path)
    image = opened(path)
    assert (result.width, result.height) == image.size
    for file in result.files:
        if file.name == "thumb":
            continue
        expected = np.asarray(image.resize((file.width, file.height), Image.Resampling.LANCZOS)).astype(int)
        assert np.abs(decoded(file.content) - expected).mean() < 7
        assert exifread.process_file(BytesIO(file.content)) == {}


@pytest.mark.parametrize("path", FILES or [FOLDER / "none"], ids=lambda path: path.name)
def test_all_facts_of_each_equal_an_independent_reading(path: Path) -> None:
    assert read_by_pillow(path) == rendered(path).facts


def test_the_collection_puts_every_fact_to_the_test() -> None:
    """So that a fact which no reader finds any more can't pass as one that all agree on."""
    facts = [rendered(path).facts for path in FILES]
    cameras = [each.camera for each in facts if each.camera is not None]
    places = [each.location for each in facts if each.location is not None]
    known = Counter(name for each in (*cameras, *places) for name, value in asdict(each).items() if value is not None)
    assert (len(FILES), sum(each.taken_at is not None for each in facts), len(cameras)) == (19, 14, 14)
    assert known == {
        **dict.fromkeys(("make", "model", "focal_length_mm", "aperture"), 14),
        **dict.fromkeys(("exposure_s", "iso"), 13),
        "lens": 2,
        **dict.fromkeys(("latitude", "longitude"), 7),
        "altitude": 2,
    }
    assert {path.name for path in FILES} >= set(ZONES)
    assert {(each.latitude > 0, each.longitude > 0) for each in places} == {(True, True), (True, False)}


def test_a_phones_facts_are_read_from_its_heic() -> None:
    result = rendered(FOLDER / "IMG_5195.HEIC")
    assert result.facts.taken_at is not None
    assert result.facts.taken_at.isoformat() == "2021-04-11T15:47:53.054000-05:00"
    assert result.facts.camera is not None
    assert result.facts.camera.model == "iPhone 11 Pro Max"
    assert result.facts.camera.exposure_s == pytest.approx(1 / 391)
    assert result.facts.location is not None
    assert result.facts.location.altitude == pytest.approx(260.56, abs=0.01)


@pytest.mark.parametrize("tenth", range(1, 10))
def test_a_phones_heic_cut_off_is_not_shown_half_grey(tenth: int) -> None:
    content = (FOLDER / "IMG_5195.HEIC").read_bytes()
    result = render(content[: len(content) * tenth // 10])
    assert isinstance(result, Spoiled)
    assert result.code == "truncated"
