"""What several commands ask for in the same words: the installation, a moment, names of events."""

from pathlib import Path
from typing import Annotated

import typer

from domain.events import EVENT_TYPES
from infra.settings import Settings
from streams.moments import Moment, parse_moment, reached_at
from streams.ports import EventLog
from streams.replay import Until

Data = Annotated[Path | None, typer.Option(help="Folder of the installation.")]
Types = Annotated[str | None, typer.Option(help="Event names, separated by commas; all when not given.")]
Personal = Annotated[bool, typer.Option("--personal", help="Show personal fields too.")]


def settings_for(data: Path | None) -> Settings:
    """The settings, with another folder where one is named."""
    return Settings() if data is None else Settings(data=data)


def moment(text: str, option: str) -> Moment:
    """A time or a position that was typed."""
    try:
        return parse_moment(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither a time (2026-05-01T12:00Z) nor a position (0:1200)", param_hint=option
        ) from None


def event_names(text: str | None) -> tuple[str, ...] | None:
    """Stored names that were typed, sorted; None for all."""
    if text is None:
        return None
    names = {name.strip() for name in text.split(",")}
    if unknown := names - EVENT_TYPES.keys():
        raise typer.BadParameter(f"no event is called {', '.join(sorted(unknown))}", param_hint="--types")
    return tuple(sorted(names))


def refused(error: Exception | str) -> typer.Exit:
    """Say in one line why not, and end with exit status 1."""
    typer.echo(f"refused: {error}", err=True)
    return typer.Exit(1)


async def log_at(log: EventLog, then: Moment | None, *, personal: bool) -> Until:
    """The log as it was; with no moment, as it is now."""
    through = await reached_at(log, then) if then else {number: await log.head(number) for number in range(log.logs)}
    return Until(log, through, personal)
