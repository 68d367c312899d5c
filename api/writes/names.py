"""Usernames in paths: what could be nobody's name is nobody's name."""

from api.wiring import Writes
from domain.errors import Invalid, NotFound
from domain.ids import MemberId


async def named(writes: Writes, username: str) -> MemberId:
    """Whose name it is, by the claim itself; 404 where it is nobody's."""
    try:
        return await writes.find_member(username)
    except Invalid:
        raise NotFound("member_not_found", "There is no such member.") from None
