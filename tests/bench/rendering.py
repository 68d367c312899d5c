"""How fast photos are rendered: against Pillow making the same files, and against the decode and the encodes alone.

Run it from the repository's root: `python tests/bench/rendering.py [--rounds 7] [files …]`. Without files it takes the
camera files beside the repository, or a picture of its own. All on one thread but for the last table.
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pillow_heif
from PIL import Image, ImageOps

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from commands.ports import Developed, Exposed  # noqa: E402
from domain.ids import new_id  # noqa: E402
from domain.images import DOWNLOAD, RECIPE  # noqa: E402
from infra.files.disk import Disk  # noqa: E402
from infra.images import render as rendering  # noqa: E402
from infra.images.encoding import Encoder  # noqa: E402
from infra.images.libvips import Image as VipsImage  # noqa: E402
from infra.images.pool import VipsDarkroom  # noqa: E402
from infra.images.sizes import Planned, plan  # noqa: E402
from infra.images.source import _factor, open_source  # noqa: E402

pillow_heif.register_heif_opener()


def distinct(planned: Iterable[Planned]) -> dict[tuple[tuple[int, int], tuple[int, int]], str]:
    """Each picture that is to be encoded, and the first name that it has."""
    found: dict[tuple[tuple[int, int], tuple[int, int]], str] = {}
    for size in planned:
        found.setdefault((size.whole, size.final), size.name)
    return found


def by_pillow(content: bytes, effort: int) -> int:
    """The same files by Pillow: one decode, shrunk on load where JPEG can, then a walk down the sizes."""
    with Image.open(BytesIO(content)) as image:
        planned = plan(*ImageOps.exif_transpose(image).size, RECIPE)
    with Image.open(BytesIO(content)) as image:
        image.draft("RGB", max(size.whole for size in planned))
        level = ImageOps.exif_transpose(image).convert("RGB")
    levels = {}
    for whole in sorted({size.whole for size in planned}, reverse=True):
        level = level if level.size == whole else level.resize(whole, Image.Resampling.LANCZOS)
        levels[whole] = level
    total = 0
    for (whole, final), name in distinct(planned).items():
        left, top = (whole[0] - final[0]) // 2, (whole[1] - final[1]) // 2
        cut = levels[whole].crop((left, top, left + final[0], top + final[1]))
        jpeg, webp = {"format": "JPEG", "optimize": True}, {"format": "WEBP", "method": effort}
        for options in (jpeg,) if name == DOWNLOAD else (webp, jpeg):
            out = BytesIO()
            cut.save(out, quality=RECIPE.quality, **options)
            total += len(out.getvalue())
    return total


def limit(content: bytes, effort: int) -> Callable[[], float]:
    """The time of the decode and of the encodes alone, everything between them left out."""
    source = open_source(content, rendering.MAX_PIXELS)
    planned = plan(source.width, source.height, RECIPE)
    levels = dict(rendering._walk(planned, lambda size: source.shrunk(*size)))
    cuts = {
        name: levels[whole] if whole == final else levels[whole].crop((0, 0, *final))
        for (whole, final), name in distinct(planned).items()
    }
    factor = _factor(source.width, source.height, *max(levels, key=lambda size: size[0] * size[1]))

    def decode() -> None:
        if content[:2] == b"\xff\xd8":
            VipsImage.jpegload_buffer(content, shrink=factor).copy_memory()
        else:
            _ = pillow_heif.open_heif(content).data

    def measured() -> float:
        begun = time.perf_counter()
        decode()
        for name, cut in cuts.items():
            encoder = Encoder(cut)
            for form in ("jpeg",) if name == DOWNLOAD else RECIPE.formats:
                encoder.encoded(form, RECIPE.quality, effort)
        return time.perf_counter() - begun

    return measured


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def compare(files: list[Path], rounds: int) -> None:
    """Medians for each file; the three are measured in turn, so that a busy machine slows all of them alike."""
    effort = rendering.WEBP_EFFORT
    print("| file | megapixels | rendering, ms | Pillow, ms | Pillow / rendering | rendering / limit |")
    print("|---|---|---|---|---|---|")
    all_ours = all_pillow = all_limit = 0.0
    for path in files:
        content = path.read_bytes()
        alone = limit(content, effort)
        pixels = open_source(content, rendering.MAX_PIXELS)
        ours, pillow, least = [], [], []
        for _ in range(rounds):
            ours.append(timed(lambda content=content: rendering.render(content)))
            pillow.append(timed(lambda content=content: by_pillow(content, effort)))
            least.append(alone())
        a, b, c = (statistics.median(times) for times in (ours, pillow, least))
        all_ours, all_pillow, all_limit = all_ours + a, all_pillow + b, all_limit + c
        size = pixels.width * pixels.height / 1e6
        print(f"| {path.name} | {size:.1f} | {a * 1e3:.0f} | {b * 1e3:.0f} | {b / a:.2f} × | {a / c:.2f} × |")
    print(
        f"| all | | {all_ours * 1e3:.0f} | {all_pillow * 1e3:.0f} "
        f"| {all_pillow / all_ours:.2f} × | {all_ours / all_limit:.2f} × |"
    )


def efforts(files: list[Path]) -> None:
    """What each effort of the WebP encoder costs and saves."""
    print("\n| WebP effort | all files, ms | WebP bytes |\n|---|---|---|")
    for effort in range(5):
        begun = time.perf_counter()
        results = [rendering.render(path.read_bytes(), webp_effort=effort) for path in files]
        took = time.perf_counter() - begun
        size = sum(
            len(file.content)
            for result in results
            if isinstance(result, rendering.Rendered)
            for file in result.files
            if file.format == "webp"
        )
        print(f"| {effort} | {took * 1e3:.0f} | {size:,} |")


async def throughput(files: list[Path], rounds: int) -> None:
    """Photos a second through the worker processes, from stored original to stored variants."""
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(Path(folder))
        for at, path in enumerate(files):
            disk.write(f"uploads/{at}", path.read_bytes(), "")
        originals = [
            Exposed(new_id(0, datetime.now(UTC)), f"uploads/{at}", "", None) for at in range(len(files))
        ] * rounds
        async with VipsDarkroom(disk, b"bench", workers=cores) as room:
            await asyncio.gather(*map(room.develop, originals[: 2 * cores]))
            begun = time.perf_counter()
            results = await asyncio.gather(*map(room.develop, originals))
            took = time.perf_counter() - begun
            peaks = [peak(child.pid) for child in multiprocessing.active_children()]
    assert all(isinstance(result, Developed) for result in results)
    print("\n| workers | photos | photos/s | peak memory of a worker, MiB |\n|---|---|---|---|")
    print(f"| {cores} | {len(results)} | {len(results) / took:.1f} | {max(peaks):.0f} |")


def peak(pid: int | None) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def samples(folder: Path) -> list[Path]:
    """The camera files of a megapixel and more; where they are missing, one soft picture of 9 megapixels."""
    found = sorted((ROOT.parent / "shared" / "photos").glob("*.[jJhH][pPeE]*"))
    large = [path for path in found if path.stat().st_size > 700_000]
    if large:
        return large
    path = folder / "generated.jpg"
    Image.effect_noise((375, 250), 60).resize((3750, 2500), Image.Resampling.BICUBIC).convert("RGB").save(path)
    return [path]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("files", nargs="*", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = given.files or samples(Path(folder))
        compare(files, given.rounds)
        efforts(files)
        asyncio.run(throughput(files, given.rounds))


if __name__ == "__main__":
    main()
