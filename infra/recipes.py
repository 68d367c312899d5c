"""The recipe of an installation: that of the product, with the sizes that its operator adds."""

from hashlib import blake2b

from domain.images import RECIPE, Recipe, Size
from infra.settings import Settings


def recipe_of(settings: Settings) -> Recipe:
    """By which recipe photos are rendered; every process with the same settings says the same.

    A size of `FILMROLL_MEDIA_SIZES` is called by its pixels. The version of other sizes is another number, made from
    the sizes themselves: nobody has to count, and what was once rendered by a recipe is found again.
    """
    added = tuple(Size(str(pixels), pixels) for pixels in settings.added_sizes)
    if not added:
        return RECIPE
    said = f"{RECIPE.version}:{','.join(size.name for size in added)}"
    return RECIPE.with_sizes(int.from_bytes(blake2b(said.encode(), digest_size=3).digest(), "big") | 1 << 24, added)
