"""From the first byte of an upload to the first size, and to all sizes: 5 MB files, 1, 8 and 32 at once.

Run it with `python tests/bench/uploading.py`; it prints markdown. Embedded, a media worker for each core (WORKERS). The
files are noisy pictures of 12 megapixels, as large as a telephone's, each other bytes. A client asks for a place, sends the
file, publishes it, and looks every 20 ms how far it is. Server, workers and clients share this machine's cores.
"""

import asyncio
import io
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # instead of this folder, whose names may be those of modules

import httpx  # noqa: E402
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from tests.people import Person, person  # noqa: E402
from tests.serving import Server  # noqa: E402

WORKERS = int(os.environ.get("WORKERS", str(os.cpu_count() or 1)))
ROUNDS = {1: 6, 8: 2, 32: 1}
SIZE = (4000, 3000)
BYTES = 5_000_000
LOOK_S = 0.02


@dataclass(frozen=True)
class Took:
    """Seconds since the upload was asked for."""

    sent: float
    thumb: float
    ready: float


def picture() -> bytes:
    """About 5 MB of hills and grain."""
    draw = np.random.default_rng(7)
    hills = Image.fromarray(draw.integers(0, 256, (30, 40, 3), dtype=np.uint8)).resize(SIZE, Image.Resampling.BICUBIC)
    grain = draw.normal(0, 12, (SIZE[1], SIZE[0], 1))
    noisy = Image.fromarray(np.clip(np.asarray(hills) + grain, 0, 255).astype(np.uint8))
    best = b""
    for quality in range(95, 40, -5):
        out = io.BytesIO()
        noisy.save(out, "JPEG", quality=quality)
        best = out.getvalue()
        if len(best) <= BYTES:
            break
    return best


def another(content: bytes, number: int) -> bytes:
    """The same picture with other bytes: a comment after its beginning."""
    said = f"number {number}".encode()
    return content[:2] + b"\xff\xfe" + (len(said) + 2).to_bytes(2) + said + content[2:]


async def published(http: httpx.AsyncClient, me: Person, content: bytes) -> httpx.Response:
    """Ask for a place, send the file, publish it: the last answer; raises where any of them refuses."""
    headers = {"Authorization": me.headers["Authorization"]}
    asked = {"filename": "hills.jpg", "content_type": "image/jpeg", "size": len(content)}
    place = (await http.post("/v1/uploads", json=asked, headers=headers)).raise_for_status().json()
    (await http.put(place["url"], content=content, headers=place["headers"])).raise_for_status()
    made = await http.post("/v1/photos", json={"upload_id": place["upload_id"]}, headers=headers)
    return made.raise_for_status()


async def upload(http: httpx.AsyncClient, me: Person, content: bytes) -> Took:
    began = time.perf_counter()
    made = await published(http, me, content)
    sent, thumb = time.perf_counter() - began, 0.0
    photo = made.json()["photo_id"]
    headers = {"Authorization": me.headers["Authorization"], "X-Min-Position": made.headers["X-Position"]}
    while True:
        shown = (await http.get(f"/v1/photos/{photo}", headers=headers)).raise_for_status().json()
        if shown["image"] and not thumb:
            thumb = time.perf_counter() - began
        if shown["status"] == "ready":
            return Took(sent, thumb, time.perf_counter() - began)
        assert shown["status"] != "rejected", shown
        await asyncio.sleep(LOOK_S)


async def all_at_once(url: str, me: Person, contents: list[bytes]) -> list[Took]:
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=httpx.Limits(max_connections=64)) as http:
        return list(await asyncio.gather(*(upload(http, me, content) for content in contents)))


def seconds(values: list[float]) -> str:
    """Median and 95th percentile."""
    return f"{median(values):.2f} | {quantiles(values, n=100, method='inclusive')[94]:.2f}"


def main() -> None:
    content = picture()
    own = {"FILMROLL_MEDIA_WORKERS": str(WORKERS), "FILMROLL_RATE_MEMBER": "0"}
    print(f"Files of {len(content) / 1e6:.1f} MB, {WORKERS} workers, seconds.\n")
    print("| at once | sent p50 | p95 | first size p50 | p95 | all sizes p50 | p95 | ready a second |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data", environment=own).start()
        try:
            me, number = person(server.url, "ana"), 0
            asyncio.run(all_at_once(server.url, me, [another(content, 0)]))  # the workers have started then
            for at_once, rounds in ROUNDS.items():
                took: list[Took] = []
                began = time.perf_counter()
                for _ in range(rounds):
                    contents = [another(content, number := number + 1) for _ in range(at_once)]
                    took += asyncio.run(all_at_once(server.url, me, contents))
                whole = time.perf_counter() - began
                columns = ([each.sent for each in took], [each.thumb for each in took], [each.ready for each in took])
                print(f"| {at_once} | {' | '.join(map(seconds, columns))} | {len(took) / whole:.2f} |", flush=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
