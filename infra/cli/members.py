"""`filmroll members`: what only an operator of the machine may do to accounts."""

import asyncio
from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer

from commands.members import GrantRole, RevokeRole, grant_role, revoke_role
from domain.members import Member, Role
from infra.bootstrap import open_core
from infra.settings import Settings

app = typer.Typer(help="Roles of members.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(help="Whose role it is.")]
RoleName = Annotated[str, typer.Argument(metavar="ROLE", help=", ".join(set(Role) - {Role.MEMBER}))]
Data = Annotated[Path | None, typer.Option(help="Folder of the installation.")]


@app.command()
def grant(username: Username, role: RoleName, data: Data = None) -> None:
    """Give a member a role; it counts from their next login or refresh."""
    _show(asyncio.run(_change(data, GrantRole(username, role, f"cli:{getuser()}"))))


@app.command()
def revoke(username: Username, role: RoleName, data: Data = None) -> None:
    """Take a role from a member."""
    _show(asyncio.run(_change(data, RevokeRole(username, role, f"cli:{getuser()}"))))


async def _change(data: Path | None, command: GrantRole | RevokeRole) -> Member:
    settings = Settings() if data is None else Settings(data=data)
    async with open_core(settings) as core:
        if isinstance(command, GrantRole):
            receipt = await grant_role(command, deps=core.deps, fingerprint=core.installation.fingerprint)
        else:
            receipt = await revoke_role(command, deps=core.deps, fingerprint=core.installation.fingerprint)
        return receipt.state


def _show(member: Member) -> None:
    typer.echo(f"{member.username}: {', '.join(sorted(member.roles))}")
