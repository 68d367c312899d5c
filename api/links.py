"""Links that are given to people who have no account here: each holds a token that only this installation can make."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.signing import Sealer
from domain.ids import MemberId, ShareId, is_id

SHARED: Final = "/v1/shared/"
ERASURES: Final = "/v1/erasures/"
_SHARE: Final = "share"
_ERASURE: Final = "erasure"


def masked(path: str) -> str:
    """A path as it may be logged: without the token that alone lets its bearer in."""
    return next((f"{kind}***" for kind in (SHARED, ERASURES) if path.startswith(kind)), path)


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads links; `base` is where clients reach the server, without a slash at the end."""

    sealer: Sealer
    base: str

    def share(self, share_id: ShareId) -> str:
        """The URL of a share."""
        return f"{self.base}{SHARED}{self.sealer.seal(_SHARE, share_id)}"

    def share_of(self, token: str) -> ShareId | None:
        """Which share a token is of; None for one that was not made here."""
        found = self.sealer.open(_SHARE, token)
        return found if isinstance(found, str) and is_id(found) else None

    def erasure(self, member_id: MemberId, reached: Mapping[int, int]) -> str:
        """The URL of what is told of a member who left; `reached` is where their closing lies in the logs."""
        return f"{self.base}{ERASURES}{self.sealer.seal(_ERASURE, [member_id, reached])}"

    def closing_of(self, token: str) -> tuple[MemberId, dict[int, int]] | None:
        """Of whom such a token tells, and where their closing lies; None for one that was not made here."""
        found = self.sealer.open(_ERASURE, token)
        if not isinstance(found, list):
            return None
        member_id, reached = found
        return member_id, {int(log): number for log, number in reached.items()}
