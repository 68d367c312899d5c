"""libvips as this product uses it: one thread per process, no cache, the accepted formats alone.

Settings of libvips hold for a whole process, so this module makes them when it is first imported; pyvips is imported
nowhere else. A libvips of the system can take the place of the wheel's without a word, so its version is checked.
"""

import logging
import os
from typing import Any, Final

os.environ.setdefault("VIPS_CONCURRENCY", "1")

import pyvips
from PIL import Image as Pillow

MINIMUM: Final = (8, 17)
VERSION: Final = (pyvips.version(0), pyvips.version(1), pyvips.version(2))

if VERSION < MINIMUM:
    raise ImportError(
        f"libvips {'.'.join(map(str, VERSION))} is in use, but {'.'.join(map(str, MINIMUM))} is needed: a libvips of "
        "the system hides the one that the pyvips-binary wheel brings; remove its headers and install pyvips again."
    )

pyvips.concurrency_set(1)
pyvips.cache_set_max(0)
pyvips.operation_block_set("VipsForeignLoad", True)
for _loader in ("Jpeg", "Png", "Webp", "Heif", "Tiff", "Nsgif"):
    pyvips.operation_block_set(f"VipsForeignLoad{_loader}", False)
logging.getLogger("pyvips").setLevel(logging.ERROR)  # it logs each call

Image = pyvips.Image
Failed = pyvips.Error
BLOB = pyvips.GValue.blob_type


def clear_errors() -> None:
    """Forget what earlier calls complained of; libvips adds each message to those before, also when a call succeeds."""
    pyvips.vips_lib.vips_error_clear()


def handed(image: Any) -> Pillow.Image:
    """An 8-bit picture in sRGB as one of Pillow, RGB or RGBA; it is computed here, so this raises what is wrong with it."""
    mode = "RGB" if image.bands == len("RGB") else "RGBA"
    return Pillow.frombuffer(mode, (image.width, image.height), image.write_to_memory(), "raw", mode, 0, 1)


def taken(image: Pillow.Image) -> Any:
    """A picture of Pillow's as one of libvips."""
    found = Image.new_from_memory(image.tobytes(), *image.size, len(image.getbands()), "uchar")
    return found.copy(interpretation="srgb")


__all__ = ["BLOB", "VERSION", "Failed", "Image", "clear_errors", "handed", "taken"]
