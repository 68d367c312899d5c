"""Encoding, by Pillow: the same libraries as libvips has (libwebp, libjpeg-turbo), a seventh to a third faster (measured).

No file carries metadata: pixels are handed over, and nothing else.
"""

from io import BytesIO
from typing import Any

from PIL import Image

from infra.images.libvips import Image as VipsImage

_WHITE = [255, 255, 255]


class Encoder:
    """Encodes one picture into several formats."""

    def __init__(self, image: VipsImage) -> None:
        self.width = image.width
        self.height = image.height
        self._image = image
        self._handed: dict[bool, Image.Image] = {}

    def encoded(self, form: str, quality: int, webp_effort: int) -> bytes:
        """The picture as a file; JPEG has no transparency, so white shows through."""
        out = BytesIO()
        match form:
            case "webp":
                self._pixels(opaque=False).save(out, "WEBP", quality=quality, method=webp_effort)
            case "jpeg":
                self._pixels(opaque=True).save(out, "JPEG", quality=quality, optimize=True)
            case "png":
                self._pixels(opaque=False).save(out, "PNG", compress_level=6)
            case _:
                raise ValueError(f"no encoder for {form}")
        return out.getvalue()

    def _pixels(self, *, opaque: bool) -> Image.Image:
        flat = opaque and self._image.hasalpha()
        if flat not in self._handed:
            self._handed[flat] = Image.fromarray((opaque_image(self._image) if flat else self._image).numpy())
        return self._handed[flat]


def opaque_image(image: Any) -> Any:
    """The picture on white, where it is transparent."""
    return image.flatten(background=_WHITE) if image.hasalpha() else image
