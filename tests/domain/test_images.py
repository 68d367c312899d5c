"""The recipe: what clients were promised of a version stays as it is."""

from domain.images import RECIPE


def test_the_first_recipe_makes_what_it_always_made():
    """Variant URLs never change their meaning: another recipe is another version."""
    assert RECIPE.version == 1
    assert [(size.name, size.pixels, size.square) for size in RECIPE.sizes] == [
        ("thumb", 150, True),
        ("small", 400, False),
        ("medium", 640, False),
        ("feed", 800, False),
        ("large", 1080, False),
        ("full", 1920, False),
    ]
    assert (RECIPE.formats, RECIPE.quality) == (("webp", "jpeg"), 85)
