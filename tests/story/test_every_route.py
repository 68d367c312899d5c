"""For random histories, every route that could show a photo agrees with the one visibility rule, for everybody."""

from collections.abc import Iterator

import httpx
import pytest

from domain.visibility import MemberState, PhotoState, Relation, may_see_photo
from tests.people import Person
from tests.serving import Server
from tests.story.history import History
from tests.story.naive import Naive
from tests.story.routes import ROUTES, TAG, Where

OPERATIONS = 250
WEIGHTS = {
    "publish": 8,
    "follow": 14,
    "answer": 6,
    "unfollow": 2,
    "privacy": 5,
    "block": 3,
    "unblock": 2,
    "mute": 2,
    "remove": 3,
    "restore": 2,
    "audience": 8,
}
"""What decides who sees what, and nothing else."""


@pytest.fixture
def own_url(tmp_path) -> Iterator[str]:
    running = Server(tmp_path / "data", environment={"FILMROLL_CATCH_UP_S": "20"}).start(deadline_s=180)
    yield running.url
    running.stop()


def by_the_rule(model: Naive, viewer: str | None, photo: str) -> bool:
    """What the product's rule says of the model's own facts."""
    owner = model.owner[photo]
    relation = Relation(
        following=(viewer, owner) in model.follows,
        followed_by=(owner, viewer) in model.follows,
        requested=(viewer, owner) in model.requests,
        blocking=(viewer, owner) in model.blocks,
        blocked_by=(owner, viewer) in model.blocks,
        muted=(viewer, owner) in model.mutes,
    )
    state = PhotoState(photo, owner, "ready", model.audience[photo], removed=photo in model.trash)
    return may_see_photo(viewer, state, MemberState(owner, owner in model.private), relation)


def albums_of(history: History) -> dict[str, str]:
    """An album of each member, for everyone, with all photos that they have; by username."""
    albums = {}
    for name, me in history.people.items():
        album = me.call("POST", "/albums", json={"title": "all of them"}, status=201).json()["album_id"]
        for photo in history.model.photos(name, name):
            me.call("PUT", f"/albums/{album}/photos/{photo}", status=204)
        albums[name] = album
    return albums


@pytest.mark.parametrize("seed", [21, 22])
def test_every_route_agrees_with_the_rule_for_every_viewer_and_photo(own_url: str, seed: int) -> None:
    history = History(own_url, seed, members=5, weights=WEIGHTS, said={"tags": [TAG], "caption": "hello"})
    for _ in range(OPERATIONS):
        history.operate()
    model, albums = history.model, albums_of(history)
    history.know()
    token = next(iter(history.people.values())).headers["X-Min-Position"]
    with httpx.Client(base_url=own_url, timeout=60) as http:
        viewers = {**history.people, None: Person(http, "", {"X-Min-Position": token})}
        seen = 0
        for name, viewer in viewers.items():
            for photo, owner in model.owner.items():
                allowed = by_the_rule(model, name, photo)
                assert model.sees(name, photo) is allowed, (name, photo)
                seen += allowed
                for what, route in ROUTES.items():
                    if name is None and route.members_only:
                        continue
                    due = allowed and (route.due is None or route.due(model, name, photo))
                    assert route.shows(viewer, Where(photo, owner, albums[owner])) is due, (what, name, photo)
    pairs = len(viewers) * len(model.owner)
    assert pairs > 100
    assert pairs * 0.2 < seen < pairs * 0.9  # a history in which nearly all or nearly nothing is seen shows little
