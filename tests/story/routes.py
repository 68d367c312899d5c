"""Every route that could show a photo, each as a question: does it show this photo to this viewer?

A new route that shows photos gets a line in `ROUTES`: what it is asked, and when it should show a photo that its viewer
may see. `None` for `due` says: always.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from tests.people import Person
from tests.story.naive import Naive

TAG = "story"
"""Every photo of a history carries it."""

Due = Callable[[Naive, str | None, str], bool]


@dataclass(frozen=True)
class Where:
    """A photo, its owner's username, and an album of theirs that holds it; addresses are made from these."""

    photo: str
    owner: str
    album: str


Shows = Callable[[Person, Where], bool]


@dataclass(frozen=True)
class Route:
    """One way to a photo."""

    shows: Shows
    due: Due | None = None
    members_only: bool = False


def found(path: str) -> Shows:
    """Whether an address that names the photo answers."""

    def shows(viewer: Person, where: Where) -> bool:
        answer = viewer.call("GET", path.format(**asdict(where)), follow_redirects=False)
        assert answer.status_code in {200, 302, 404}, (path, answer.status_code, answer.text)
        return answer.status_code != 404

    return shows


def listed(path: str, **params: Any) -> Shows:
    """Whether the photo stands in a list, on any of its pages; a list that is refused holds nothing.

    Nothing changes while routes are asked, so a list is read once for each viewer.
    """
    known: dict[tuple[str, str, str], list[str]] = {}

    def shows(viewer: Person, where: Where) -> bool:
        place = path.format(**asdict(where))
        key = (viewer.username, place, viewer.headers["X-Min-Position"])
        if key not in known:
            refused = viewer.call("GET", place, params={"limit": 1, **params}).status_code in {403, 404}
            known[key] = [] if refused else [each["photo_id"] for each in viewer.walk(place, limit=100, **params)]
        return where.photo in known[key]

    return shows


def acted(viewer: Person, where: Where) -> bool:
    """Whether a like can be taken back, which changes nothing where there is none."""
    return viewer.call("DELETE", f"/photos/{where.photo}/like").status_code == 200


ROUTES: dict[str, Route] = {
    "photo": Route(found("/photos/{photo}")),
    "likes": Route(found("/photos/{photo}/likes")),
    "comments": Route(found("/photos/{photo}/comments")),
    "download": Route(found("/photos/{photo}/download")),
    "member's photos": Route(listed("/members/{owner}/photos")),
    "album": Route(listed("/albums/{album}/photos")),
    "feed": Route(listed("/feed"), lambda model, viewer, photo: model.in_feed(str(viewer), photo), members_only=True),
    "search by tag": Route(listed("/search/photos", q=TAG, tag=TAG)),
    "search by text": Route(listed("/search/photos", q="hello")),
    "unlike": Route(acted, members_only=True),
}
