"""What is kept of a walk says nothing to whoever has not its name."""

from pathlib import Path

import pytest

from infra.eventstore.sealing import Tampered
from infra.sqlite.walks import SqliteWalks
from infra.walks import SealedWalks
from tests.scanning import found_in


async def test_neither_name_nor_items_lie_in_clear(tmp_path: Path) -> None:
    stored = SqliteWalks(tmp_path / "walks.db")
    assert await SealedWalks(stored).keep("shibboleth", 0, ["widdershins 3", "kerfuffle 1"])
    assert await SealedWalks(stored).kept("shibboleth", 0) == ["widdershins 3", "kerfuffle 1"]
    await stored.close()
    assert found_in(tmp_path, "shibboleth", "widdershins", "kerfuffle") == set()


async def test_a_chunk_opens_in_its_own_place_alone(tmp_path: Path) -> None:
    class Shuffled(SqliteWalks):
        async def kept(self, walk, number):
            return await super().kept(walk, 1 - number)

    stored = Shuffled(tmp_path / "walks.db")
    await SealedWalks(stored).keep("shibboleth", 1, ["widdershins 3"])
    with pytest.raises(Tampered):
        await SealedWalks(stored).kept("shibboleth", 0)
    await stored.close()
