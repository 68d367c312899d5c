"""Several who leave: one who can't be erased holds up no other, and files are emptied for all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from commands.errors import Unavailable
from infra.core import erasing
from infra.files.objects import FileObjects
from projections.ports import Erasures
from tests.api.inside import Inside, inside, utc_now
from tests.people import PASSWORD


@dataclass
class Jammed:
    """Files that can't be removed."""

    whole: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    async def remove(self, keys: Sequence[str]) -> None:
        if keys:
            raise Unavailable("the files can't be reached")


async def finished(erasures: Erasures, *members: str) -> list[bool]:
    rows = [await erasures.get(member) for member in members]
    return [row is not None and row.finished_at is not None for row in rows]


async def leave(town: Inside, who: str) -> None:
    answer = await town.call(who, "DELETE", "/me", json={"password": PASSWORD})
    assert answer.status_code == 202, answer.text


async def test_one_who_cannot_be_erased_holds_up_no_other(tmp_path) -> None:
    async with inside(tmp_path / "data", erase_after_s=0) as town:
        ada, bea, cyn = [await town.member(name) for name in ("ada", "bea", "cyn")]
        await town.photo("ada")
        for name in ("ada", "bea", "cyn"):
            await leave(town, name)
        await town.level()
        tidied: list[int] = []

        async def tidy() -> None:
            tidied.append(1)

        core, erasures = replace(town.core, tidy=tidy), town.core.queries.erasures
        files = FileObjects(tmp_path / "data" / "objects", core.installation.key("files"), "http://inside", now=utc_now)
        await erasing(core, Jammed(files)).erase(await erasures.waiting(limit=9))
        assert await finished(erasures, ada, bea, cyn) == [False, True, True]
        assert len(tidied) == 1
        await erasing(core, files).erase(await erasures.waiting(limit=9))
        assert await finished(erasures, ada, bea, cyn) == [True, True, True]
        await erasing(core, files).erase(await erasures.waiting(limit=9))
        assert len(tidied) == 2
