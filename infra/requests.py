"""The port `Requests` over the read model of follows."""

from collections.abc import Mapping, Sequence

from commands.errors import Unavailable
from domain.ids import MemberId
from projections.follows import FOLLOWS
from projections.ports import Follows, Progress, Since
from projections.stores import NoLiveModelError

_PAGE = 100


class ShownRequests:
    """Who asks to follow a member, as far as the read model has come; `patience_s` is how long it is waited for."""

    def __init__(self, follows: Follows, progress: Progress, *, patience_s: float) -> None:
        self._follows = follows
        self._progress = progress
        self._patience_s = patience_s

    async def of(self, member_id: MemberId, *, reached: Mapping[int, int], most: int) -> Sequence[MemberId]:
        """Those whose requests stand, the newest first."""
        asked: list[MemberId] = []
        before: Since | None = None
        try:
            await self._progress.wait([FOLLOWS.name], reached, timeout_s=self._patience_s)
            while len(asked) < most and (rows := await self._follows.requests(member_id, before=before, limit=_PAGE)):
                asked += [row.follower_id for row in rows]
                before = Since(rows[-1].since, rows[-1].follower_id)
        except NoLiveModelError as error:
            raise Unavailable(str(error)) from error
        return asked[:most]
