"""Pictures: which files there are, and under which URLs a viewer gets them."""

from datetime import datetime, timedelta
from typing import Any, Final

from api.accepting import liking
from api.ports import Files
from domain.images import DOWNLOAD, Rendition, Variant

SIGNED_FOR: Final = timedelta(minutes=15)
_MODERATE: Final = frozenset({"small", "medium", "feed"})


def image(rendition: Rendition, files: Files, *, until: datetime | None) -> dict[str, Any]:
    """A rendered picture; `until` says when its URLs end, None that everyone may see it for ever."""
    shown = [variant for variant in rendition.variants if variant.name != DOWNLOAD]
    urls = {
        variant.key: files.public_url(variant.key) if until is None else files.signed_url(variant.key, until)
        for variant in shown
    }
    return {
        "width": rendition.width,
        "height": rendition.height,
        "blurhash": rendition.blurhash,
        "dominant_color": rendition.dominant_color,
        "variants": [
            {
                "name": variant.name,
                "width": variant.width,
                "height": variant.height,
                "format": variant.format,
                "bytes": variant.bytes,
                "url": urls[variant.key],
            }
            for variant in shown
        ],
        "srcset": {format_: _srcset(rendition, format_, urls) for format_ in ("webp", "jpeg")},
        "src": urls[_source(rendition).key],
    }


def download(rendition: Rendition, accept: str | None) -> Variant:
    """The copy to take away, in the format that the client likes best: the biggest, of equals no WebP.

    There is one copy of its own, or none where a size is as large; so a client that likes WebP better gets a size.
    """

    def rank(variant: Variant) -> tuple[float, int, bool]:
        return liking(accept, f"image/{variant.format}"), variant.width * variant.height, variant.format != "webp"

    return max(rendition.variants, key=rank)


def _srcset(rendition: Rendition, format_: str, urls: dict[str, str]) -> str:
    """One URL for each width, the narrowest first; of equal widths the one that is not cropped."""
    by_width = {
        variant.width: urls[variant.key]
        for variant in rendition.variants
        if variant.format == format_ and variant.key in urls
    }
    return ", ".join(f"{url} {width}w" for width, url in sorted(by_width.items()))


def _source(rendition: Rendition) -> Variant:
    moderate = [variant for variant in _jpegs(rendition) if variant.name in _MODERATE]
    return max(moderate or _jpegs(rendition), key=lambda variant: variant.width * variant.height)


def _jpegs(rendition: Rendition) -> list[Variant]:
    shown = [variant for variant in rendition.variants if variant.name != DOWNLOAD]
    return [variant for variant in shown if variant.format == "jpeg"] or shown
