"""Which sizes a picture gets: the arithmetic of a recipe, without a pixel."""

from dataclasses import dataclass

from domain.images import Recipe, Size


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
    return tuple(planned)


def _square(size: Size, width: int, height: int) -> Planned:
    shorter = min(width, height)
    side = min(size.pixels, shorter)
    return Planned(size.name, _scaled(width, height, side, shorter), (side, side))


def _scaled(width: int, height: int, pixels: int, of: int) -> tuple[int, int]:
    """Width and height times `pixels / of`, rounded, a pixel at the least."""
    return max(1, (2 * width * pixels + of) // (2 * of)), max(1, (2 * height * pixels + of) // (2 * of))
