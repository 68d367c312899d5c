"""The command line, run in this process over an installation made for the test."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

from typer.testing import CliRunner

from commands.ports import Context, Write
from domain.homes import Stream
from infra.bootstrap import open_core
from infra.cli import app
from infra.settings import Settings
from streams.following import Follower
from tests.projections.histories import World
from tests.streams.memory_log import MemoryLog


def say(*words, code=0):
    """Run `filmroll …`; gives what it printed on standard output."""
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout


def complaint(*words, code=1):
    """Run `filmroll …`, which is to fail; gives what it said about it."""
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stderr


@asynccontextmanager
async def core_of(data: Path, *, logs: int = 1):
    settings = Settings(data=data) if (data / "installation.json").exists() else Settings(data=data, logs=logs)
    async with open_core(settings, create=True) as core:
        yield core


async def record(store, log: MemoryLog) -> None:
    """Write a generated history into a store, in the order in which it happened."""
    facts = sorted((fact for facts in log.facts.values() for fact in facts), key=lambda fact: fact.recorded_at)
    for fact in facts:
        write = Write(Stream(fact.stream, fact.position.log), fact.version - 1, (fact.event,))
        await store.append([write], Context(trace_id="trace"))


async def follow(core, catalogue) -> None:
    """Feed all builds until they are level with the log."""
    follower = Follower(core.store, core.models, catalogue, poll_s=0.01)
    await follower.start()
    heads = {number: await core.store.head(number) for number in range(core.store.logs)}
    try:
        async with asyncio.timeout(60):
            while any(
                status.checkpoints.get(number, 0) < head
                for status in await core.models.status()
                for number, head in heads.items()
            ):
                await core.store.wait(heads, 0.01)
    finally:
        await follower.stop()


def installation(data: Path, world: World, *, logs: int = 1) -> Path:
    """An installation that recorded what happened in a world."""

    async def make():
        async with core_of(data, logs=logs) as core:
            await record(core.store, world.log)

    asyncio.run(make())
    return data
