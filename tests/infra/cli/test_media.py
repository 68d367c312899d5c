"""`filmroll media`, tried on an installation that has things lying around."""

import asyncio

from projections.catalogue import CATALOGUE
from tests.infra.analysis.worlds import lively
from tests.infra.cli.running import core_of, follow, installation, say


def level(data):
    async def run():
        async with core_of(data) as core:
            await follow(core, CATALOGUE)

    asyncio.run(run())


def test_what_waits_is_told_and_forgotten_uploads_are_swept_once(tmp_path):
    taken = [("upload", 0, 0, 0), *[("open_upload", 0, ends, ends) for ends in (2, 0, 1, 2)]]
    data = installation(tmp_path / "data", lively(3).live(*taken))
    level(data)
    first, second = say("media", "status", "--data", data).splitlines()
    assert first.startswith("first sizes")
    assert " 0 waiting" not in first
    assert second.startswith("all sizes")
    swept = int(say("media", "sweep", "--data", data).split()[0])
    assert swept >= 2
    level(data)
    assert say("media", "sweep", "--data", data) == "0 uploads swept away\n"
