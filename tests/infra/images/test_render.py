"""Rendering: upright, in sRGB, of the right sizes, without a trace of where and with what a photo was taken."""

from hashlib import sha256
from io import BytesIO

import exifread
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from commands.ports import Spoiled
from infra.images.libvips import MINIMUM, VERSION
from infra.images.render import Rendered, render
from tests.infra.images.samples import MAKE, ORIENTATION, animated, decoded, encoded, exif, jpeg, picture

STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def rendered(content: bytes) -> Rendered:
    result = render(content)
    assert isinstance(result, Rendered), result
    return result


def file(result: Rendered, name: str, form: str) -> bytes:
    return next(each.content for each in result.files if (each.name, each.format) == (name, form))


def like(content: bytes, expected: Image.Image, tolerance: float = 6) -> bool:
    pixels = decoded(content)
    wanted = np.asarray(expected.convert("RGB").resize(pixels.shape[1::-1])).astype(int)
    return bool(np.abs(pixels - wanted).mean() < tolerance)


def test_the_wheels_own_libvips_is_in_use() -> None:
    assert VERSION >= MINIMUM


def test_each_file_is_what_its_name_says() -> None:
    result = rendered(jpeg(2400, 1800))
    assert [each.name for each in result.files[::2]] == [
        "thumb",
        "small",
        "medium",
        "feed",
        "large",
        "full",
        "download",
    ]
    for each in result.files:
        with Image.open(BytesIO(each.content)) as image:
            assert (image.format, image.size) == (each.format.upper(), (each.width, each.height))
    assert (result.width, result.height) == (2400, 1800)


def test_the_same_bytes_give_the_same_files() -> None:
    content = jpeg()
    assert rendered(content) == rendered(content)
    assert rendered(content).sha256 == sha256(content).hexdigest()


def test_equal_sizes_are_encoded_once() -> None:
    result = rendered(jpeg(640, 480))
    assert file(result, "medium", "webp") is file(result, "feed", "webp")


def test_the_thumb_is_cut_from_the_picture_not_squeezed() -> None:
    image = Image.new("RGB", (1200, 300), (30, 30, 30))
    image.paste((250, 60, 40), (800, 50, 1000, 250))
    pixels = decoded(file(rendered(encoded(image, "PNG")), "thumb", "webp"))
    ys, xs = np.nonzero(pixels[..., 0] > 150)
    assert abs(np.ptp(xs) - np.ptp(ys)) <= 3
    assert 90 <= np.ptp(xs) <= 105


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_comes_out_upright(orientation: int, form: str) -> None:
    upright = picture()
    how = STORED_AS[orientation]
    stored = upright if how is None else upright.transpose(how)
    content = encoded(stored, form, exif=exif({ORIENTATION: orientation}))
    with Image.open(BytesIO(content)) as image:
        assert like(encoded(ImageOps.exif_transpose(image), "PNG"), upright)  # the sample itself is sound
    result = rendered(content)
    assert (result.width, result.height) == upright.size
    for form_out in ("webp", "jpeg"):
        assert like(file(result, "medium", form_out), upright)
        assert like(file(result, "small", form_out), upright)


@pytest.mark.parametrize("form", ["HEIC", "AVIF"])
def test_heif_turned_by_its_own_boxes_is_not_turned_again(form: str) -> None:
    content = encoded(picture(), form, exif=exif({ORIENTATION: 1}).tobytes())
    result = rendered(content)
    assert (result.width, result.height) == (480, 360)
    assert like(file(result, "medium", "webp"), picture())


SECRET = "SERIAL-4711"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIC", "AVIF"])
def test_no_file_carries_any_metadata(form: str) -> None:
    gps = {1: "N", 2: (43.0, 28.0, 2.5), 3: "E", 4: (11.0, 53.0, 6.5)}
    block = exif({MAKE: SECRET, ORIENTATION: 1}, {0xA431: SECRET, 0x927C: SECRET.encode()}, gps)
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{SECRET}</x:xmpmeta>".encode()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"exif": block.tobytes(), "xmp": xmp, "icc_profile": profile, "comment": SECRET}
    options = {} if form == "HEIC" else options
    content = encoded(picture(), form, **(options or {"exif": block.tobytes(), "xmp": xmp}))
    assert SECRET.encode() in content
    result = rendered(content)
    assert result.facts.location is not None
    for each in result.files:
        with Image.open(BytesIO(each.content)) as image:
            assert not image.getexif()
            assert not {"exif", "xmp", "icc_profile", "comment", "photoshop"} & set(image.info)
        assert exifread.process_file(BytesIO(each.content)) == {}
        assert SECRET.encode() not in each.content
        assert b"Exif" not in each.content


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "TIFF", "HEIC", "AVIF"])
def test_each_kind_of_file_that_is_taken_is_rendered(form: str) -> None:
    result = rendered(encoded(picture(), form))
    assert like(file(result, "medium", "webp"), picture(), 8)
    assert like(file(result, "medium", "jpeg"), picture(), 8)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_of_an_animation_the_first_frame_is_shown(form: str) -> None:
    result = rendered(animated(form))
    assert (result.width, result.height) == (480, 360)
    assert like(file(result, "medium", "webp"), picture(), 8)


def test_what_is_transparent_stays_so_in_webp_and_is_white_in_jpeg() -> None:
    image = picture(mode="RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 240, 360))
    result = rendered(encoded(image, "PNG"))
    assert decoded(file(result, "medium", "webp"), "RGBA")[180, 50, 3] == 0
    assert decoded(file(result, "medium", "jpeg"))[180, 50].min() > 245
    assert decoded(file(result, "thumb", "jpeg")).shape == (150, 150, 3)


@pytest.mark.parametrize("mode", ["L", "LA", "1", "P", "CMYK"])
def test_other_color_modes_come_out_as_they_look(mode: str) -> None:
    image = picture(mode=mode)
    form = "JPEG" if mode == "CMYK" else "PNG"
    result = rendered(encoded(image, form))
    with Image.open(BytesIO(file(result, "small", "webp"))) as small:
        assert small.mode in {"RGB", "RGBA"}
    tolerance = {"CMYK": 60, "1": 25, "P": 16}.get(
        mode, 8
    )  # CMYK has no one true look without a profile, dots are soft
    assert like(file(result, "medium", "jpeg"), image, tolerance)


def test_sixteen_bits_become_eight() -> None:
    ramp = np.linspace(0, 65535, 480).astype(np.uint16)
    image = Image.fromarray(np.tile(ramp, (100, 1)))
    pixels = decoded(file(rendered(encoded(image, "PNG")), "medium", "jpeg"))
    assert np.abs(pixels[50, :, 0] - np.linspace(0, 255, 480)).mean() < 3


def test_colors_are_converted_from_the_pictures_own_profile() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red_is_green = profile.replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)
    red, green, blue = picture().split()
    stored = Image.merge("RGB", (green, red, blue))
    for form in ("JPEG", "PNG", "WEBP", "TIFF"):
        result = rendered(encoded(stored, form, icc_profile=red_is_green))
        assert like(file(result, "medium", "jpeg"), picture(), 8)


def test_the_stated_hash_must_be_that_of_the_bytes() -> None:
    content = jpeg()
    assert isinstance(render(content, stated_sha256=sha256(content).hexdigest().upper()), Rendered)
    wrong = render(content, stated_sha256=sha256(b"other").hexdigest())
    assert isinstance(wrong, Spoiled)
    assert wrong.code == "hash_mismatch"


def test_the_limit_of_pixels_is_a_setting() -> None:
    spoiled = render(jpeg(480, 360), max_pixels=480 * 360 - 1)
    assert isinstance(spoiled, Spoiled)
    assert spoiled.code == "too_many_pixels"
    assert isinstance(render(jpeg(480, 360), max_pixels=480 * 360), Rendered)
