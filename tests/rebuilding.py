"""Whether what an installation shows is what its log says: every read model rebuilt and compared, row by row."""

import asyncio
from pathlib import Path

from infra.bootstrap import open_core
from infra.settings import Settings
from projections.catalogue import CATALOGUE
from projections.stores import State
from streams.following import Follower
from streams.rebuild import rebuild
from streams.verifying import verify


def rebuilt_differently(data: Path) -> list[str]:
    """What differs between the live builds (brought level with the log first) and fresh ones; nothing may."""
    return asyncio.run(_compare(data))


async def _compare(data: Path) -> list[str]:
    async with open_core(Settings(data=data)) as core:
        heads = {log: await core.store.head(log) for log in range(core.store.logs)}
        level = asyncio.Event()
        follower = Follower(core.store, core.models, CATALOGUE, on_fed=lambda *_: level.set())
        await follower.start()
        try:
            async with asyncio.timeout(60):
                while not await _level(core, heads):
                    level.clear()
                    await asyncio.wait({asyncio.ensure_future(level.wait())}, timeout=0.5)
        finally:
            await follower.stop()
        found = []
        for projection in CATALOGUE:
            fresh = await rebuild(projection, log=core.store, models=core.models)
            (live,) = (
                known.model
                for known in await core.models.status()
                if known.model.projection == projection.name and known.state is State.LIVE
            )
            verdict = await verify(projection, live, fresh, models=core.models)
            if not verdict.equal:
                found.append(f"{live} against {fresh}: {verdict}")
            letters = [known.dead_letters for known in await core.models.status() if known.model == live]
            if letters != [0]:
                found.append(f"{live} has {letters} dead letters")
        return found


async def _level(core, heads) -> bool:
    states = {State.LIVE}
    return all(
        known.checkpoints.get(log, 0) >= head
        for known in await core.models.status()
        if known.state in states
        for log, head in heads.items()
    )
