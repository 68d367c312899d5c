"""`filmroll relay`: from the event store into Kafka."""

from pathlib import Path
from typing import Annotated

import typer

from infra.settings import Settings


def relay(data: Annotated[Path | None, typer.Option(help="Folder of the installation.")] = None) -> None:
    """Publish what is recorded to Kafka, in order; of several relays one does it, the others stand by."""
    run_relay(Settings() if data is None else Settings(data=data))


def run_relay(settings: Settings) -> None:
    """Relay until stopped."""
    from infra.cli.running import all_of, run_until_stopped
    from infra.kafka.assembling import build_relays
    from infra.kafka.opening import open_parts

    if not settings.kafka:
        raise typer.BadParameter("set FILMROLL_KAFKA to the brokers")

    async def work() -> None:
        async with open_parts(settings) as parts:
            await all_of(build_relays(settings, parts))

    run_until_stopped(settings, work)
