"""`filmroll relay` and `filmroll worker` as operators run them: processes that are told to end, or killed."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from commands.ports import Write
from domain import likes
from domain.events import PhotoLiked
from infra.bootstrap import open_core
from infra.kafka.checkpoints import SqliteRelayCheckpoints
from infra.settings import Settings
from projections.rows import Tally
from tests.contracts.event_stores import CONTEXT
from tests.streams.streaming import ROOT, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]
NAMES = ("counters", "analytics")


def start(settings: Settings, *arguments: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        "FILMROLL_KAFKA": settings.kafka,
        "FILMROLL_KAFKA_PREFIX": settings.kafka_prefix,
        "FILMROLL_DATA": str(settings.data),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.infra.kafka.test_commands", *arguments], cwd=ROOT, env=environment
    )


async def test_what_is_recorded_comes_to_the_read_models_and_both_end_when_told(stack, tmp_path):
    settings = Settings(data=tmp_path, kafka=stack.need("kafka").kafka, kafka_prefix=f"{uuid4().hex[:8]}.", logs=2)
    async with open_core(settings, create=True) as core:
        running = [start(settings, "relay"), start(settings, "worker", *NAMES)]
        try:
            for member in range(30):
                stream = likes.stream(f"photo{member % 3}", f"m{member}")
                liked = PhotoLiked(
                    at=datetime.now(UTC), photo_id=f"photo{member % 3}", owner_id="o", member_id=f"m{member}"
                )
                await core.store.append([Write(stream, 0, (liked,))], CONTEXT)
            heads = {log: await core.store.head(log) for log in range(2)}

            async def level() -> bool:
                assert all(process.poll() is None for process in running)
                relayed = await SqliteRelayCheckpoints(tmp_path / "events.db").load()
                reached = [s.checkpoints for s in await core.models.status() if s.model.projection in NAMES]
                return all(each == heads for each in (relayed, *reached))

            await until(level)
            for process in running:
                process.send_signal(signal.SIGTERM)
            assert [process.wait(20) for process in running] == [0, 0]
        finally:
            for process in running:
                process.kill()
        (counters,) = [s.model for s in await core.models.status() if s.model.projection == "counters"]
        tallies = await core.models.rows(counters, Tally, after=None, limit=10)
        assert [tally.count for tally in tallies] == [10, 10, 10]


def test_a_name_that_nothing_has_is_refused(tmp_path):
    process = start(Settings(data=tmp_path, kafka="127.0.0.1:1"), "worker", "nonsense")
    assert process.wait(60) == 2


if __name__ == "__main__":
    import typer

    from infra.cli.relaying import relay
    from infra.cli.working import worker

    app = typer.Typer()
    app.command("relay")(relay)
    app.command("worker")(worker)
    app()
