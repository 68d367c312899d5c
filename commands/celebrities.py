"""An author's standing, reviewed when their followers become more or fewer."""

from dataclasses import dataclass

from commands.deciding import Part, Receipt, decide
from commands.ports import Deps
from domain import celebrities
from domain.celebrities import PLAIN, Standing, Thresholds
from domain.events import Event
from domain.ids import MemberId


@dataclass(frozen=True, slots=True)
class ReviewAuthor:
    """See what so many followers make of an author."""

    member_id: MemberId
    followers: int


async def review_author(command: ReviewAuthor, *, deps: Deps, thresholds: Thresholds) -> Receipt[Standing]:
    """Record that an author became a celebrity, or ceased to be one; nothing where neither is so."""

    def choose(standing: Standing) -> list[Event]:
        return celebrities.review(standing, command.member_id, command.followers, deps.now(), thresholds)

    return await decide(deps, Part(celebrities.stream(command.member_id), celebrities.evolve, PLAIN), choose)
