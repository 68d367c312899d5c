"""`filmroll worker`: feeds read models from Kafka, hands out work, develops photos, lets a model look at them."""

from pathlib import Path
from typing import Annotated

import typer

from infra.settings import Settings


def worker(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME…", help="Projections, or `all` of them, `media`, `detection`.")
    ],
    data: Annotated[Path | None, typer.Option(help="Folder of the installation.")] = None,
) -> None:
    """Feed read models, develop photos, or let the model of the settings look at them; any number of workers of a kind share the partitions."""
    run_worker(Settings() if data is None else Settings(data=data), names)


def run_worker(settings: Settings, names: list[str]) -> None:
    """Work until stopped; ends with status 1 when it had better be started again."""
    from infra.cli.running import all_of, run_until_stopped
    from infra.kafka.assembling import DETECTION, MEDIA, build_worker, chosen
    from infra.kafka.opening import open_parts

    if not settings.kafka:
        raise typer.BadParameter("set FILMROLL_KAFKA to the brokers")
    try:
        chosen(names)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error

    async def work() -> None:
        async with open_parts(settings, media=MEDIA in names, detection=DETECTION in names) as parts:
            await all_of(await build_worker(settings, parts, names))

    run_until_stopped(settings, work)
