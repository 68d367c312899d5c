"""Naming projections and their builds on the command line, and finding them."""

from typing import Annotated

import typer

from projections.catalogue import BY_NAME
from projections.rows import Projection
from projections.stores import Model, ModelStatus, ReadModels, State

Name = Annotated[str, typer.Argument(metavar="NAME", help="A projection, as 'list' shows them.")]
Which = Annotated[str, typer.Argument(metavar="NAME[@BUILD]", help="A projection, or one build of it.")]
Build = Annotated[str, typer.Argument(metavar="NAME@BUILD", help="A build, as 'status' shows them.")]


def projection_of(name: str) -> Projection:
    """The projection of that name."""
    if name not in BY_NAME:
        raise typer.BadParameter(f"there is {', '.join(sorted(BY_NAME))}", param_hint="NAME")
    return BY_NAME[name]


def model_of(text: str) -> Model:
    """A build that was named in full."""
    projection, model = named(text)
    if model is None:
        raise typer.BadParameter(f"say which build, as in {projection.name}@2", param_hint="NAME@BUILD")
    return model


def named(text: str) -> tuple[Projection, Model | None]:
    """A projection, and the build where one was named."""
    name, at, build = text.partition("@")
    projection = projection_of(name)
    if at and not build.isdecimal():
        raise typer.BadParameter("a build is a number, as in likes@2", param_hint="NAME@BUILD")
    return projection, Model(name, int(build)) if at else None


async def live_of(models: ReadModels, projection: Projection) -> Model:
    """The build that reads use; `LookupError` where there is none."""
    for status in await builds_of(models, projection):
        if status.state is State.LIVE:
            return status.model
    raise LookupError(f"{projection.name} has no live build; rebuild it and switch to it")


async def rival_of(models: ReadModels, projection: Projection, asked: Model | None) -> Model:
    """What the live build is compared with: the one asked for, else the newest ready one, else the newest retired."""
    known = {status.model: status for status in await builds_of(models, projection)}
    if asked is not None:
        if asked not in known:
            raise LookupError(f"there is no build {asked}")
        if known[asked].state in (State.STALE, State.BUILDING):
            raise LookupError(f"{asked} is {known[asked].state}: only builds that are fed can be compared")
        return asked
    for state in (State.READY, State.RETIRED):
        if found := [status.model for status in known.values() if status.state is state]:
            return max(found)
    raise LookupError(
        f"{projection.name} has no second build; 'filmroll projections rebuild {projection.name}' makes one"
    )


async def builds_of(models: ReadModels, projection: Projection) -> list[ModelStatus]:
    """Every build of a projection."""
    return [status for status in await models.status() if status.model.projection == projection.name]
