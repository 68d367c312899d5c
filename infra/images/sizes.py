"""Which sizes a picture gets: the arithmetic of a recipe, without a pixel."""

from dataclasses import dataclass

from domain.images import DOWNLOAD, Recipe, Size


@dataclass(frozen=True, slots=True)
class Planned:
    """One size to render: the whole picture at `whole`, then cut to `final` where the two differ."""

    name: str
    whole: tuple[int, int]
    final: tuple[int, int]


def plan(width: int, height: int, recipe: Recipe) -> tuple[Planned, ...]:
    """The sizes of a picture in the recipe's order.

    Nothing is enlarged: of the sizes past the original only the first is kept, at the original's size; a square is as
    large as the shorter side at the most.
    """
    planned: list[Planned] = []
    longer = max(width, height)
    for size in recipe.sizes:
        if size.square:
            planned.append(_square(size, width, height))
        else:
            whole = _scaled(width, height, min(size.pixels, longer), longer)
            planned.append(Planned(size.name, whole, whole))
            if size.pixels > longer:
                break
    if recipe.download:
        planned.append(_download(width, height, recipe))
    return tuple(planned)


def _download(width: int, height: int, recipe: Recipe) -> Planned:
    """The copy to take away: as large as it may be, if that needs no larger a decode than the largest size does.

    A JPEG is decoded at a whole fraction of its size, and the fraction that serves 1,920 of 4,000 pixels serves 2,000.
    """
    longer = max(width, height)
    largest = max((size.pixels for size in recipe.sizes if not size.square), default=1)
    fraction = max(step for step in (1, 2, 4, 8) if step == 1 or longer >= largest * step)
    whole = _scaled(width, height, min(recipe.download, longer, longer // fraction), longer)
    return Planned(DOWNLOAD, whole, whole)


def _square(size: Size, width: int, height: int) -> Planned:
    shorter = min(width, height)
    side = min(size.pixels, shorter)
    return Planned(size.name, _scaled(width, height, side, shorter), (side, side))


def _scaled(width: int, height: int, pixels: int, of: int) -> tuple[int, int]:
    """Width and height times `pixels / of`, rounded, a pixel at the least."""
    return max(1, (2 * width * pixels + of) // (2 * of)), max(1, (2 * height * pixels + of) // (2 * of))
