"""`filmroll why`: why a photo is, or is not, in a member's feed, and how it comes there."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, NamedTuple

import orjson
import typer

from commands.errors import Unavailable
from commands.members import find_member
from domain.ids import PhotoId, first_id
from domain.recorded import name_of
from infra.bootstrap import open_core
from infra.cli.asking import Data, log_at, moment, refused, settings_for
from infra.cli.events import shown
from infra.core import Core, utc_now
from infra.settings import Settings
from projections.stores import NoLiveModelError
from streams.delivery import Held, held
from streams.explaining import Reason
from streams.explaining import why as explain
from streams.moments import Moment


def why(
    username: Annotated[str, typer.Argument(help="Whose feed.")],
    photo: Annotated[str, typer.Argument(help="Which photo.")],
    until: Annotated[str | None, typer.Option(help="At that time or position; now when not given.")] = None,
    data: Data = None,
) -> None:
    """Say why a photo is, or is not, in a member's feed, whether it is fanned out or merged, and by which events."""
    then = None if until is None else moment(until, "--until")
    try:
        answer = asyncio.run(_why(settings_for(data), username, photo, then))
    except LookupError as error:
        raise refused(error) from error
    reason = answer.reason
    typer.echo(f"{photo} is {'' if reason.shown else 'not '}in the feed of {username}: {reason.rule}.")
    for line in _delivered(answer):
        typer.echo(line)
    for fact in reason.facts:
        typer.echo(orjson.dumps(shown(fact, personal=False)).decode())


class _Answer(NamedTuple):
    """The reason; whether the photo is older than what timelines hold; and what the live ones do, asked about now."""

    reason: Reason
    old: bool
    held: Held | None


async def _why(settings: Settings, username: str, photo: PhotoId, then: Moment | None) -> _Answer:
    async with open_core(settings) as core:
        member = await find_member(core.deps, username, core.installation.fingerprint)
        reason = await explain(await log_at(core.store, then, personal=True), member, photo)
        at = (then.at if then else None) or utc_now()
        old = photo < first_id(at - timedelta(days=settings.timeline_days))
        return _Answer(reason, old, None if then or old else await _held(core, member, reason, photo))


async def _held(core: Core, member: str, reason: Reason, photo: PhotoId) -> Held | None:
    """What the live timelines hold; None where there is nothing to hold, or they can't be asked."""
    if reason.owner is None or reason.delivery.written is None:
        return None
    try:
        return await held(core.queries.timelines, member, reason.owner, photo)
    except (NoLiveModelError, Unavailable) as error:
        typer.echo(f"live timelines can't be asked: {error}", err=True)
        return None


def _delivered(answer: _Answer) -> Iterator[str]:
    """How the photo comes into the feed, or would if no rule kept it out."""
    reason, written = answer.reason, answer.reason.delivery.written
    if answer.old and (reason.shown or written):
        yield "Read from its owner's list: it is older than what timelines hold."
        return
    if written:
        at = f"{written.position.log}:{written.position.number}, {written.recorded_at.isoformat()}"
        kept_out = "" if reason.shown else "; left out when it is read"
        yield f"Fanned out: written into their timeline by {name_of(written)} at {at}{kept_out}."
    if reason.shown and reason.delivery.celebrity:
        yield "Merged at read: its owner is a celebrity."
    match answer.held:
        case Held(row=True):
            yield "Live timelines: its row is there."
        case Held(unfinished=True):
            yield "Live timelines: merged at read, for the fan-out of its owner is unfinished."
        case Held():
            yield "Live timelines: its row is not there (yet)."
