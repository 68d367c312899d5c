"""Files as cameras write them: phones, compact cameras, HDR, HEIC, and metadata that was damaged on the way."""

import os
from io import BytesIO
from pathlib import Path

import exifread
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageOps

from commands.ports import Spoiled
from infra.images.render import Rendered, render
from tests.infra.images.samples import GPS_IFD, decoded

FOLDER = Path(__file__).parents[3].parent / "shared" / "photos"
FILES = sorted(path for path in FOLDER.glob("*") if path.suffix.lower() in {".jpg", ".heic"})


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


def degrees(parts, side: str) -> float:
    whole = float(parts[0]) + float(parts[1]) / 60 + float(parts[2]) / 3600
    return -whole if side in {"S", "W"} else whole


@pytest.mark.parametrize("path", FILES or [FOLDER / "none"], ids=lambda path: path.name)
def test_each_is_rendered_as_an_independent_reader_sees_it(path: Path) -> None:
    result = render(path.read_bytes())
    assert isinstance(result, Rendered)
    image = opened(path)
    assert (result.width, result.height) == image.size
    for file in result.files:
        if file.name == "thumb":
            continue
        expected = np.asarray(image.resize((file.width, file.height), Image.Resampling.LANCZOS)).astype(int)
        assert np.abs(decoded(file.content) - expected).mean() < 7
        assert exifread.process_file(BytesIO(file.content)) == {}


@pytest.mark.parametrize("path", FILES or [FOLDER / "none"], ids=lambda path: path.name)
def test_the_place_of_each_equals_an_independent_reading(path: Path) -> None:
    result = render(path.read_bytes())
    assert isinstance(result, Rendered)
    block = Image.Exif()
    if path.suffix == ".HEIC":
        block.load(pillow_heif.open_heif(path).info["exif"])
    else:
        with Image.open(path) as image:
            block = image.getexif()
    gps = block.get_ifd(GPS_IFD)
    if 2 not in gps:
        assert result.facts.location is None
        return
    location = result.facts.location
    assert location is not None
    assert location.latitude == pytest.approx(degrees(gps[2], gps[1]), abs=1e-7)
    assert location.longitude == pytest.approx(degrees(gps[4], gps[3]), abs=1e-7)


def test_there_are_as_many_places_as_the_collection_says() -> None:
    places = [
        path.name for path in FILES if (r := render(path.read_bytes())) and isinstance(r, Rendered) and r.facts.location
    ]
    assert len(places) == 7


def test_a_phones_facts_are_read_from_its_heic() -> None:
    result = render((FOLDER / "IMG_5195.HEIC").read_bytes())
    assert isinstance(result, Rendered)
    assert result.facts.taken_at is not None
    assert result.facts.taken_at.isoformat() == "2021-04-11T20:47:53.054000+00:00"
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
