"""Every command is tried in an installation of one log and in one of several."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.commands.product import Product, open_product


@pytest.fixture(params=[1, 4], ids=["one log", "four logs"])
async def product(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Product]:
    """An empty installation."""
    async with open_product(tmp_path, logs=request.param) as made:
        yield made
