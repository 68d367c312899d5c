"""For random histories, every route that could show a photo agrees with the one visibility rule, for everybody."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from domain.visibility import MemberState, PhotoState, Relation, may_see_photo
from tests.api.schemas import Document
from tests.people import Person, jpeg, person, promoted
from tests.serving import Server
from tests.story.asking import Where, bare, listen
from tests.story.history import History
from tests.story.naive import Naive
from tests.story.routes import PHOTO, PLACE, ROUTES, SHOW_NONE, TAG

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


PICTURES = 5
"""So few that members publish some twice."""
NEVER = {"original without signature"}
"""Routes that show nothing at all."""


@dataclass(frozen=True)
class Installation:
    """Where a server answers, and the settings with which its command line is at work on the same."""

    url: str
    settings: dict[str, str]


@pytest.fixture
def own(request: pytest.FixtureRequest, tmp_path) -> Iterator[Installation]:
    """An installation of one's own, where nobody else publishes."""
    if request.param == "embedded":
        running = Server(tmp_path / "data", environment={"FILMROLL_CATCH_UP_S": "20"}).start(deadline_s=180)
        yield Installation(running.url, {"FILMROLL_DATA": str(running.data)})
        running.stop()
        return
    from tests.cluster_story import Story  # its drivers come with the extra `cluster`

    story = Story(request.getfixturevalue("stack"), tmp_path / "data", environment={"FILMROLL_CATCH_UP_S": "20"})
    yield Installation(story.server.start(deadline_s=240).url, story.environment)
    story.end()


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
    gone, down = photo in model.trash, photo in model.down
    state = PhotoState(photo, owner, "ready", model.audience[photo], removed=gone, taken_down=down)
    account = MemberState(owner, owner in model.private, taken_down=owner in model.down)
    return may_see_photo(viewer, state, account, relation)


@dataclass
class Ways:
    """What leads to each photo of a history, made as soon as it is ready."""

    history: History
    albums: dict[str, str] = field(default_factory=dict)
    """An album of each member with all their photos, by username."""
    to: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.history.said, self.history.published = self.said, self.published
        self.history.picture = lambda number: jpeg(number % PICTURES, (32, 24))

    def said(self, number: int) -> dict[str, Any]:
        """What is said of each photo: enough to be found by, and to tell everybody of it."""
        everybody = " ".join(f"@{name}" for name in self.history.names)
        tags = [TAG, self._tag(number)]
        return {"tags": tags, "caption": f"hello {everybody}", "place": PLACE, "show_location": True}

    def _tag(self, number: int) -> str:
        return f"{TAG}{self.history.names[0]}n{number}"

    def published(self, me: Person, photo: str) -> None:
        """Albums for everyone that hold the photo, links to it, and where its files are."""
        alone = self._album(me)
        if me.username not in self.albums:
            self.albums[me.username] = self._album(me)
        for album in (alone, self.albums[me.username]):
            me.call("PUT", f"/albums/{album}/photos/{photo}", status=204)
        files = {
            "picture": me.get(f"/photos/{photo}")["image"]["src"],
            "copy": me.call("GET", f"/photos/{photo}/download", status=302, follow_redirects=False).headers["Location"],
            "original": me.call("GET", f"/photos/{photo}/original", status=302, follow_redirects=False).headers[
                "Location"
            ],
        }
        self.to[photo] = {
            "tag": self._tag(self.history.pictures),
            "album": self.albums[me.username],
            "alone": alone,
            "link": self._link(me, f"/photos/{photo}"),
            "album_link": self._link(me, f"/albums/{alone}"),
            **{name: bare(url) for name, url in files.items()},
        }

    @staticmethod
    def _album(me: Person) -> str:
        return str(me.call("POST", "/albums", json={"title": "for all"}, status=201).json()["album_id"])

    @staticmethod
    def _link(me: Person, path: str) -> str:
        made = me.call("POST", f"{path}/shares", json={}, status=201).json()
        return str(made["url"]).rsplit("/", 1)[1]


def moderator(own: Installation) -> tuple[Person, str]:
    """Someone whom nobody knows, with a photo for everyone."""
    them = person(own.url, f"neutral{uuid.uuid4().hex[:8]}")
    photo = them.publish(jpeg(997, (32, 24)))
    them.ready(photo)
    return promoted(own.url, them.username, "moderator", settings=own.settings), photo


def judge(history: History, them: Person) -> None:
    """Two photos and a member are taken down, and a third photo for a while; the member is at the door from then on."""
    model, dice = history.model, history.dice
    photos = dice.sample([photo for photo in model.owner if photo not in model.trash], 3)
    name = dice.choice(sorted({*model.owner.values()} - {model.owner[photo] for photo in photos}))
    member = history.people.pop(name).get("/me")["member_id"]
    for subject in (*(f"photo:{photo}" for photo in photos), f"member:{member}"):
        them.call("PUT", f"/moderation/takedowns/{subject}", status=204)
    them.call("DELETE", f"/moderation/takedowns/photo:{photos[0]}", status=204)
    model.down.update({name, *photos[1:]})


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("own", "seed", "operations"),
    [("embedded", 30, 150), ("embedded", 22, 150), pytest.param("cluster", 21, 150, marks=pytest.mark.cluster)],
    indirect=["own"],
)
def test_every_route_agrees_with_the_rule_for_every_viewer_and_photo(
    own: Installation, seed: int, operations: int
) -> None:
    history = History(own.url, seed, weights=WEIGHTS)
    ways, people, model = Ways(history), history.people, history.model
    begun = {name: listen(me)[1] for name, me in people.items()}
    them, like = moderator(own)
    for _ in range(operations):
        history.operate()
    history.know()
    them.headers["X-Min-Position"] += f",{people[history.names[0]].headers['X-Min-Position']}"
    judge(history, them)
    token = them.headers["X-Min-Position"]
    for me in people.values():
        me.headers["X-Min-Position"] = token
    with ThreadPoolExecutor(len(people)) as listeners, httpx.Client(base_url=own.url, timeout=60) as http:
        live = {
            name: listeners.submit(lambda me, last: listen(me, last)[0], me, begun[name]) for name, me in people.items()
        }
        viewers = {**people, None: Person(http, "", {"X-Min-Position": token})}
        allowed = {(name, photo): by_the_rule(model, name, photo) for name in viewers for photo in model.owner}
        for (name, photo), seen in allowed.items():
            assert model.sees(name, photo) is seen, (name, photo)
        for what, route in ROUTES.items():
            shown = 0
            for name, photo in allowed:
                if name is None and route.members_only:
                    continue
                where = Where(photo, model.owner[photo], like=like, live=live, **ways.to[photo])
                due, shows = route.due(model, name, photo), route.shows(viewers[name], where)
                assert due is None or shows is due, (what, name, photo, shows)
                shown += shows
            assert shown or what in NEVER, what
    for name, me in people.items():
        told = me.walk("/notifications")
        assert me.get("/notifications/unread-count") == {"count": sum(not each["seen"] for each in told)}, name
        for other in history.names:
            if model.sees_profile(name, other):
                assert me.get(f"/members/{other}")["counts"]["photos"] == len(model.photos(name, other)), (name, other)
    pairs, seen = len(allowed), sum(allowed.values())
    assert pairs > 100
    assert pairs * 0.2 < seen < pairs * 0.9  # a history in which nearly all or nearly nothing is seen shows little


def test_every_read_of_the_document_is_asked_or_shows_no_photo(url: str) -> None:
    document = Document(httpx.get(f"{url}/openapi.json").json())
    reads = {path for method, path, _ in document.operations() if method == "GET"}
    asked = {route.path for route in ROUTES.values()} & reads
    assert asked.isdisjoint(SHOW_NONE)
    assert asked | SHOW_NONE.keys() == reads
    assert {route.path for route in ROUTES.values()} - reads == {f"{PHOTO}/like"}  # a command, which asks the same rule
