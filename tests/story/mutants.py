"""Servers that are broken on purpose, each in one realistic way: `python -m tests.story.mutants NAME serve …`.

They test the story itself: a history that any of these would survive proves little.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from domain import follows, visibility
from domain.events import CommentRemoved, Event, FollowBarred, FollowUnbarred, PhotoLiked
from domain.visibility import MemberState, Relation
from projections.rows import Count, Put


def feed_keeps_posts_of_the_blocked() -> None:
    """A block is forgotten by the rule of who sees whom."""
    visibility.may_see_member = lambda viewer, other, relation: not other.gone


def feed_keeps_posts_after_an_unfollow() -> None:
    """Whatever was written into a timeline once is shown."""
    visibility.belongs_in_feed = lambda viewer, photo, relation: not relation.muted


def feed_keeps_posts_of_the_muted() -> None:
    """A mute is recorded, and hides nothing."""
    visibility.belongs_in_feed = lambda viewer, photo, relation: viewer == photo.owner_id or relation.following


def friends_are_whoever_follows() -> None:
    """Photos for mutual followers are shown to every follower."""
    visibility.Relation.friends = property(lambda relation: relation.following)


def private_accounts_open_to_whoever_asks() -> None:
    """A private account shows its lists to those who only asked."""

    def lists(viewer: str | None, owner: MemberState, relation: Relation) -> bool:
        seen = visibility.may_see_member(viewer, owner, relation)
        return seen and (viewer == owner.member_id or not owner.private or relation.following or relation.requested)

    visibility.may_see_lists = lists


def likes_count_twice() -> None:
    """A like is delivered twice, and counted twice."""
    _counting(lambda event, counts: [*counts, *counts] if isinstance(event, PhotoLiked) else counts)


def deleted_comments_count_on() -> None:
    """A comment leaves the list, and not the count."""
    _counting(lambda event, counts: [] if isinstance(event, CommentRemoved) else counts)


def blocks_leave_follows() -> None:
    """A block hides, but what it should have ended is there again with its end."""
    hear = follows.hear

    def only_bar(*given: Any, **more: Any) -> list[Event]:
        return [event for event in hear(*given, **more) if isinstance(event, FollowBarred | FollowUnbarred)]

    follows.hear = only_bar


def the_hidden_are_left_out() -> None:
    """Whom the viewer may not see is missing from lists, so that lists are shorter than their counts."""
    from api.showing import members

    cards = members.cards

    async def named_only(*given: Any, **more: Any) -> list[Any]:
        return [None if card is members.HIDDEN else card for card in await cards(*given, **more)]

    members.cards = named_only


def requests_stay_when_the_account_opens() -> None:
    """Going public accepts nobody."""
    follows.accept_after_opening = lambda *given: []


def restored_photos_are_for_everyone() -> None:
    """The audience is lost on the way through the trash."""
    from domain.events import PhotoRestored
    from projections.visibility import VISIBILITY

    project = VISIBILITY.project

    def forgetful(fact: Any, look: Any) -> Iterable[Any]:
        for change in project(fact, look):
            lost = isinstance(fact.event, PhotoRestored) and isinstance(change, Put)
            yield Put(replace(change.row, audience="public")) if lost else change

    object.__setattr__(VISIBILITY, "project", forgetful)


def _counting(change: Callable[[Event, list[Count]], list[Count]]) -> None:
    from projections.counters import COUNTERS

    project = COUNTERS.project
    object.__setattr__(COUNTERS, "project", lambda fact, look: change(fact.event, list(project(fact, look))))


MUTANTS = (
    feed_keeps_posts_of_the_blocked,
    feed_keeps_posts_after_an_unfollow,
    feed_keeps_posts_of_the_muted,
    friends_are_whoever_follows,
    private_accounts_open_to_whoever_asks,
    likes_count_twice,
    deleted_comments_count_on,
    blocks_leave_follows,
    the_hidden_are_left_out,
    requests_stay_when_the_account_opens,
    restored_photos_are_for_everyone,
)

if __name__ == "__main__":
    name = sys.argv.pop(1)
    next(mutant for mutant in MUTANTS if mutant.__name__ == name)()
    from infra.cli import main

    main()
