"""Files that lie, break off or mean harm: each is rendered or rejected as it should be."""

from collections.abc import Iterator
from hashlib import sha256

import pytest
from PIL import Image, ImageCms

from commands.ports import Spoiled
from infra.images.render import render
from tests.infra.images.samples import (
    animated,
    deep_png,
    encoded,
    gif_claiming,
    jpeg,
    jpeg_claiming,
    noise,
    picture,
    png_bomb,
    png_claiming,
    scans,
    tiff_claiming,
)
from tests.infra.images.test_facts import looping

READY = "ready"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def cut_off() -> Iterator[tuple[str, bytes, str]]:
    """Every kind of file, cut at each tenth."""
    for form in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "HEIC"):
        content = encoded(noise(160, 120), form)
        for tenth in range(1, 10):
            yield f"{form} cut at {tenth}0 %", content[: len(content) * tenth // 10], "truncated"
    progressive = encoded(noise(160, 120), "JPEG", progressive=True)
    for tenth in range(1, 10):
        yield f"progressive JPEG cut at {tenth}0 %", progressive[: len(progressive) * tenth // 10], "truncated"


def hostile() -> Iterator[tuple[str, bytes, str]]:
    """Name, bytes, and what becomes of them."""
    yield "empty", b"", "not_an_image"
    yield "one byte", b"\xff", "not_an_image"
    yield "text named .jpg", b"Dear all,\nthis is no picture.\n" * 50, "not_an_image"
    yield "a web page", b"<!doctype html><script>alert(1)</script>", "not_an_image"
    yield "zeros", bytes(10_000), "not_an_image"
    yield "a beginning alone", b"\xff\xd8\xff", "truncated"
    yield (
        "a beginning, then rubbish, then an end",
        b"\xff\xd8\xff" + bytes(range(256)) * 9 + b"\xff\xd9",
        "not_an_image",
    )
    yield "SVG", b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", "unsupported_type"
    yield "PDF", b"%PDF-1.7\n", "unsupported_type"
    yield "BMP", encoded(picture(), "BMP"), "unsupported_type"
    yield "JPEG 2000", encoded(picture(), "JPEG2000"), "unsupported_type"
    yield "MP4", b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(100), "unsupported_type"
    yield "PNG bomb", png_claiming(50_000, 50_000, bytes(3_000_000)), "too_many_pixels"
    yield "GIF bomb", gif_claiming(65_535, 65_535, frame=True), "too_many_pixels"
    yield "GIF whose canvas alone is a bomb", gif_claiming(65_535, 65_535, frame=False), READY
    yield "JPEG that claims 65,500 × 65,500", jpeg_claiming(65_500, 65_500), "too_many_pixels"
    yield "TIFF that claims 65,500 × 65,500", tiff_claiming(65_500, 65_500), "too_many_pixels"
    yield "PNG that claims 65,500 × 65,500", png_claiming(65_500, 65_500), "too_many_pixels"
    yield "TIFF that claims more than it has", tiff_claiming(3000, 3000), "processing_failed"
    yield "PNG whose text is a bomb", png_bomb(b"zTXt", b"Comment\0\0"), READY
    yield "PNG whose XMP is a bomb", png_bomb(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0"), READY
    yield "PNG whose profile is a bomb", png_bomb(b"iCCP", b"sRGB\0\0"), READY
    yield "JPEG of 3,000 scans", scans(3000), "processing_failed"
    yield "JPEG that claims more than it has", jpeg_claiming(3000, 3000), "processing_failed"
    yield "PNG that claims more than it has", png_claiming(3000, 3000, bytes(9000)), "processing_failed"
    yield "PNG of no pixels", png_claiming(0, 0), "not_an_image"
    yield "JPEG that is a web page too", jpeg() + b"<script>alert(1)</script>", READY
    yield "JPEG that is a ZIP too", jpeg() + b"PK\x03\x04" + bytes(5000), READY
    yield "GIF that is a script too", b"GIF89a=1;alert(1)//", "truncated"
    yield "JPEG without its last two bytes", encoded(noise(160, 120))[:-2], READY
    yield "broken ICC profile", jpeg(icc_profile=b"\0" * 300), READY
    yield "ICC profile cut off", jpeg(icc_profile=SRGB[:200]), READY
    yield "ICC profile of another color space", jpeg(icc_profile=SRGB.replace(b"RGB ", b"CMYK", 1)), READY
    yield "EXIF that loops", jpeg(exif=looping()), READY
    yield "EXIF of rubbish", jpeg(exif=b"Exif\0\0" + bytes(range(256)) * 20), READY
    yield (
        "EXIF orientation of 9",
        jpeg(exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0\0\0\0\0"),
        READY,
    )
    yield "animated GIF", animated("GIF"), READY
    yield "animated WebP", animated("WEBP"), READY
    yield "animated PNG", animated("PNG"), READY
    yield "animated AVIF", animated("AVIF"), READY
    yield "TIFF of several pages", animated("TIFF"), READY
    yield "GIF of 500 frames", animated("GIF", 16, 12, 500), READY
    for bands, name in enumerate(("grey", "grey with alpha", "RGB", "RGB with alpha"), 1):
        yield f"16-bit PNG, {name}", deep_png(bands), READY
    yield "16-bit TIFF", encoded(Image.new("I;16", (300, 200), 40_000), "TIFF"), READY
    yield "CMYK JPEG", encoded(picture(mode="CMYK")), READY
    yield "grey with alpha", encoded(picture(mode="LA"), "PNG"), READY
    yield "one pixel", encoded(picture(1, 1), "PNG"), READY
    yield "a line", encoded(picture(1, 30_000), "PNG"), READY
    yield "a line of JPEG", encoded(picture(30_000, 1)), READY
    yield "floating point TIFF", encoded(picture(mode="F"), "TIFF"), READY
    yield "two colors", encoded(picture(mode="1"), "TIFF"), READY
    yield "a named type that is not its own", encoded(picture(), "PNG"), READY


TABLE = [*cut_off(), *hostile()]


def outcome(result) -> str:
    return result.code if isinstance(result, Spoiled) else READY


@pytest.mark.parametrize(("content", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_each_is_ready_or_rejected_as_it_should_be(content: bytes, expected: str) -> None:
    assert outcome(render(content)) == expected


def test_what_a_rejection_says_is_safe_to_show() -> None:
    for name, content, expected in TABLE:
        if expected != READY:
            spoiled = render(content)
            assert isinstance(spoiled, Spoiled), name
            assert 10 < len(spoiled.detail) < 120
            assert "vips" not in spoiled.detail.lower()
            assert spoiled.detail.endswith(".")


def test_what_else_a_file_is_does_not_reach_its_variants() -> None:
    result = render(jpeg() + b"<script>alert(1)</script>")
    assert not isinstance(result, Spoiled)
    assert result.sha256 == sha256(jpeg() + b"<script>alert(1)</script>").hexdigest()
    assert all(b"<script>" not in file.content for file in result.files)
