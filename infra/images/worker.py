"""What runs inside a worker process: read an original, render it, leave its files where readers find them.

This module is imported by the server, too, which names its functions, so libvips is imported only where it is used.
"""

import hmac
import os
import resource
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, ParamSpec, Protocol, TypeVar

from commands.ports import Developed, Exposed, Spoiled, Wanted
from domain.errors import NotFound
from domain.files import avatar_folder, folder, rendered_folder
from domain.ids import PhotoId
from domain.images import AVATAR, Recipe, Rendition, Variant
from infra.processes import follow_server

if TYPE_CHECKING:
    from infra.images.render import Rendered

P = ParamSpec("P")
T = TypeVar("T")

_CALLS: Final = 3
"""How often one call of the object store is tried before the whole photo is put off."""
_TYPES: Final = {"webp": "image/webp", "jpeg": "image/jpeg", "png": "image/png"}


class Plates(Protocol):
    """Where originals lie and variants go; it is sent to the worker processes, so it must survive pickling."""

    def read(self, key: str) -> bytes:
        """The object's bytes; `domain.errors.NotFound` where there is none."""
        ...

    def write(self, key: str, content: bytes, content_type: str) -> None:
        """Store an object durably; one of the same key is replaced."""
        ...


class Defeated(Exception):
    """Rendering failed in a way that it doesn't know; holds the traceback as text."""


@dataclass(frozen=True, slots=True)
class Job:
    """One original to develop, with all that a worker must know; `recipe` is that of photos."""

    original: Exposed
    plates: Plates
    secret: bytes
    recipe: Recipe
    max_pixels: int

    @property
    def own_recipe(self) -> Recipe:
        """The recipe for what is wanted."""
        match self.original.wanted:
            case Wanted.FIRST:
                return self.recipe.first()
            case Wanted.AVATAR:
                return AVATAR
            case Wanted.ALL:
                return self.recipe

    @property
    def rendered(self) -> tuple[Variant, ...]:
        """The files that are there already, if they are of the same recipe."""
        first = self.original.first
        return first.variants if first is not None and first.recipe == self.own_recipe.version else ()


def prepare(memory_bytes: int) -> None:
    """Make a fresh process a worker: it leaves Ctrl-C to the server, has a limit of memory, and ends with its parent."""
    follow_server()
    os.environ.update(VIPS_CONCURRENCY="1", OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    with suppress(ImportError):  # so that no file waits for it; what is wrong, the first file says
        import infra.images.render  # noqa: F401
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def develop(job: Job) -> Developed | Spoiled:
    """Read, render and store; every try of the same photo writes the same keys, so none leaves anything behind.

    Raises `FileNotFoundError` for an original that is not there, `ConnectionError` for a store that fails, and
    `Defeated` for a file that this code has no answer to. Nothing else: an error that can't be pickled breaks a pool.
    """
    content = reached(job.plates.read, job.original.object_key)
    rendered = _rendered(content, job)
    del content
    if isinstance(rendered, Spoiled):
        return rendered
    at = f"{_home(job)}/{rendered_folder(rendered.sha256, job.own_recipe.version, job.original.edition)}"
    variants = list(job.rendered)
    for file in rendered.files:
        key = f"{at}/{file.name}.{file.format}"
        reached(job.plates.write, key, file.content, _TYPES[file.format])
        variants.append(Variant(file.name, file.format, file.width, file.height, len(file.content), key))
    return Developed(
        sha256=rendered.sha256,
        rendition=Rendition(
            job.own_recipe.version,
            rendered.width,
            rendered.height,
            rendered.blurhash,
            rendered.dominant_color,
            tuple(variants),
        ),
        taken_at=rendered.facts.taken_at,
        camera=rendered.facts.camera,
        location=rendered.facts.location,
        likeness=rendered.likeness,
    )


def home(photo_id: PhotoId, secret: bytes, moves: int = 0) -> str:
    """The folder of all of a photo's variants: nobody can guess it without the secret; it changes with each move."""
    return f"{folder(photo_id)}/{_unguessable(photo_id, secret, moves)}"


def _home(job: Job) -> str:
    """Avatars lie apart: everyone may see them."""
    photo_id = job.original.photo_id
    if job.original.wanted == Wanted.AVATAR:
        return f"{avatar_folder(photo_id)}/{_unguessable(photo_id, job.secret)}"
    return home(photo_id, job.secret, job.original.moves)


def _unguessable(photo_id: PhotoId, secret: bytes, moves: int = 0) -> str:
    what = f"variants of {photo_id}" + (f" after {moves}" if moves else "")
    return hmac.new(secret, what.encode(), "sha256").hexdigest()[:32]


def libvips_version() -> tuple[int, ...]:
    """The version in use, to see at the start that a worker can render at all."""
    from infra.images.libvips import VERSION

    return VERSION


def _rendered(content: bytes, job: Job) -> "Rendered | Spoiled":
    from infra.images.render import render

    try:
        return render(
            content,
            job.own_recipe,
            stated_sha256=job.original.sha256,
            max_pixels=job.max_pixels,
            edits=job.original.edits,
            done=frozenset(variant.name for variant in job.rendered),
        )
    except Exception as error:  # noqa: BLE001 - decoders of hostile bytes may raise anything
        raise Defeated("".join(traceback.format_exception(error))) from None


def reached(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """A store that fails or is too slow says nothing of the file: it may be asked again later.

    It is asked a few times at once first: a photo takes many calls, and a store that fails now and then would let none
    of its tries come to the end.
    """
    failed = ""
    for _ in range(_CALLS):
        try:
            return call(*args, **kwargs)
        except NotFound:
            raise FileNotFoundError(f"there is no object {args[0]}") from None
        except Exception as error:  # noqa: BLE001 - drivers have errors of their own, not all of which can be pickled
            failed = repr(error)
    raise ConnectionError(f"the object store failed: {failed}")
