"""What runs inside a worker process: read an original, render it, leave its files where readers find them.

This module is imported by the server, too, which names its functions, so libvips is imported only where it is used.
"""

import hmac
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Final, ParamSpec, Protocol, TypeVar

from commands.ports import Developed, Exposed, Spoiled
from domain.ids import PhotoId, time_of
from domain.images import Recipe, Rendition, Variant

P = ParamSpec("P")
T = TypeVar("T")

_TYPES: Final = {"webp": "image/webp", "jpeg": "image/jpeg"}


class Plates(Protocol):
    """Where originals lie and variants go; it is sent to the worker processes, so it must survive pickling."""

    def read(self, key: str) -> bytes:
        """The object's bytes; `domain.errors.NotFound` where there is none."""
        ...

    def write(self, key: str, content: bytes, content_type: str) -> None:
        """Store an object durably; one of the same key is replaced."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """One original to develop, with all that a worker must know."""

    original: Exposed
    plates: Plates
    secret: bytes
    recipe: Recipe
    max_pixels: int


def prepare(memory_bytes: int) -> None:
    """Make a fresh process a worker: it leaves Ctrl-C to the server, has a limit of memory, and ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(VIPS_CONCURRENCY="1", OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def develop(job: Job) -> Developed | Spoiled:
    """Read, render and store; every try of the same photo writes the same keys, so none leaves anything behind."""
    from infra.images.render import Rendered, render

    content = _reached(job.plates.read, job.original.object_key)
    rendered = render(content, job.recipe, stated_sha256=job.original.sha256, max_pixels=job.max_pixels)
    del content
    if not isinstance(rendered, Rendered):
        return rendered
    folder = f"{home(job.original.photo_id, job.secret)}/{rendered.sha256[:12]}-r{job.recipe.version}"
    variants: list[Variant] = []
    for file in rendered.files:
        key = f"{folder}/{file.name}.{file.format}"
        _reached(job.plates.write, key, file.content, _TYPES[file.format])
        variants.append(Variant(file.name, file.format, file.width, file.height, len(file.content), key))
    return Developed(
        sha256=rendered.sha256,
        rendition=Rendition(
            job.recipe.version,
            rendered.width,
            rendered.height,
            rendered.blurhash,
            rendered.dominant_color,
            tuple(variants),
        ),
        taken_at=rendered.facts.taken_at,
        camera=rendered.facts.camera,
        location=rendered.facts.location,
    )


def home(photo_id: PhotoId, secret: bytes) -> str:
    """The folder of all of a photo's variants: nobody can guess it without the secret, and it is always the same."""
    unguessable = hmac.new(secret, f"variants of {photo_id}".encode(), "sha256").hexdigest()[:32]
    return f"photos/{time_of(photo_id):%Y/%m/%d}/{photo_id}/{unguessable}"


def libvips_version() -> tuple[int, ...]:
    """The version in use, to see at the start that a worker can render at all."""
    from infra.images.libvips import VERSION

    return VERSION


def _reached(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """A store that is too slow is not a file that takes too long: the one may be tried again later."""
    try:
        return call(*args, **kwargs)
    except TimeoutError as error:
        raise ConnectionError(f"the object store did not answer: {error}") from error


def _end_with_parent() -> None:
    """Wait for the server to end, however it does, and follow it at once."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
