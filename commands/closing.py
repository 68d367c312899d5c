"""Closing: leave for good. What follows from it is done by `streams.erasing`."""

from dataclasses import dataclass
from functools import partial

from commands.deciding import Receipt, decide, look
from commands.members import member_part
from commands.ports import Deps, Passwords
from domain import members
from domain.errors import Forbidden
from domain.ids import MemberId
from domain.members import Member


@dataclass(frozen=True, slots=True)
class CloseAccount:
    """Leave for good."""

    member_id: MemberId
    password: str


async def close_account(command: CloseAccount, *, deps: Deps, passwords: Passwords) -> Receipt[Member]:
    """Nobody sees the member from the next read on, and no token of theirs counts."""
    part = member_part(command.member_id)
    member = await look(deps, part)
    if not await passwords.matches(member.password_hash if member.exists else None, command.password):
        raise Forbidden("bad_password", "That is not the password of this account.")
    return await decide(deps, part, partial(members.close, at=deps.now()))
