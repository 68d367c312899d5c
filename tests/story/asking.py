"""Ways to ask a server whether it shows a photo: by an address, in a list, as a picture, or on the live stream."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, fields
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import httpx

from tests.people import Person

T = TypeVar("T")
Of = Callable[[dict[str, Any]], Iterable[Any]]

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@dataclass(frozen=True)
class Where:
    """A photo and all that leads to it; addresses are made from these."""

    photo: str
    owner: str
    """Who published it, by username."""
    tag: str
    """A tag that no other photo has."""
    album: str
    """An album with all photos of its owner."""
    alone: str
    """An album with this photo alone."""
    link: str
    """The token of a link to the photo."""
    album_link: str
    """The token of a link to the album that has it alone."""
    picture: str
    """The address of a file of it, without a signature, as it was when the photo was ready."""
    copy: str
    """That of the copy to take away."""
    original: str
    """That of what was uploaded."""
    like: str
    """Another photo, which is for everyone and looks a bit like it."""
    live: Mapping[str, Future[frozenset[tuple[str, str]]]]
    """What each member is told on the live stream, as kinds and photos, once it is read."""


class Shows(Protocol):
    """Whether a way leads a viewer to a photo."""

    def __call__(self, viewer: Person, where: Where) -> bool:
        """Ask."""
        ...


def made(text: str, where: Where) -> str:
    """An address or a value with what is to be put into it."""
    return text.format(**{each.name: getattr(where, each.name) for each in fields(where)})


def found(
    path: str, *, seen: frozenset[int] = frozenset({200, 302}), unseen: frozenset[int] = frozenset({404})
) -> Shows:
    """Whether an address that names the photo answers with a status that shows it."""

    def shows(viewer: Person, where: Where) -> bool:
        status = viewer.call("GET", made(path, where), follow_redirects=False).status_code
        assert status in seen | unseen, (path, status)
        return status in seen

    return shows


def linked(path: str, *, holds: Callable[[dict[str, Any], Where], bool]) -> Shows:
    """Whether a link shows the photo, to programs and to browsers alike."""

    def shows(viewer: Person, where: Where) -> bool:
        answer = viewer.call("GET", made(path, where))
        page = viewer.call("GET", made(path, where), headers=BROWSER)
        assert page.status_code == answer.status_code, (path, page.status_code, answer.status_code)
        shown = answer.status_code == httpx.codes.OK and holds(answer.json(), where)
        assert ("og:image" in page.text) is shown, path
        return shown

    return shows


def listed(path: str, of: Of = lambda item: [item["photo_id"]], by: str = "{photo}", **params: str) -> Shows:
    """Whether the photo stands in a list, on any of its pages; a list that is refused holds nothing.

    `of` says what an item of the list shows, and `by` as what the photo is known there.
    """

    @once
    def held(viewer: Person, place: str, *asked: str) -> frozenset[Any]:
        wanted = dict(zip(params, asked, strict=True))
        refused = viewer.call("GET", place, params={"limit": 1, **wanted}).status_code in {403, 404}
        items = [] if refused else viewer.walk(place, limit=100, **wanted)
        return frozenset(each for item in items for each in of(item))

    def shows(viewer: Person, where: Where) -> bool:
        place, *asked = (made(text, where) for text in (path, *params.values()))
        return made(by, where) in held(viewer, place, *asked)

    return shows


def once(ask: Callable[..., T]) -> Callable[..., T]:
    """The same answer to the same question of the same viewer: nothing changes while routes are asked."""
    known: dict[tuple[str, ...], T] = {}

    def answer(viewer: Person, *asked: str) -> T:
        key = (viewer.username, viewer.headers["X-Min-Position"], *asked)
        if key not in known:
            known[key] = ask(viewer, *asked)
        return known[key]

    return answer


def pictured(viewer: Person, where: Where) -> bool:
    """Whether the viewer is told an address of a file, which has to answer whoever has it."""
    address = _address(viewer, where)
    return address is not None and fetched(viewer, address)


def unsigned(viewer: Person, where: Where) -> bool:
    """Whether the address that the viewer is told answers without its signature."""
    address = _address(viewer, where)
    return address is not None and fetched(viewer, bare(address))


def copied(viewer: Person, where: Where) -> bool:
    """Whether the address of the copy to take away, which the viewer is led to, answers without its signature."""
    answer = viewer.call("GET", f"/photos/{where.photo}/download", follow_redirects=False)
    return answer.status_code == httpx.codes.FOUND and fetched(viewer, bare(answer.headers["Location"]))


def bare(address: str) -> str:
    """An address without a signature."""
    return urlsplit(address)._replace(query="").geturl()


def _address(viewer: Person, where: Where) -> str | None:
    answer = viewer.call("GET", f"/photos/{where.photo}")
    return None if answer.status_code == httpx.codes.NOT_FOUND else str(answer.json()["image"]["src"])


def plainly(address: str) -> Shows:
    """Whether a file answers at its address without a signature."""
    return lambda viewer, where: fetched(viewer, made(address, where))


def fetched(viewer: Person, url: str) -> bool:
    """Whether there is a file for whoever has this address; nothing else tells the store who asks."""
    status = viewer.http.get(url).status_code
    assert status in {200, 403, 404}, (url, status)
    return status == httpx.codes.OK


@once
def _originals(viewer: Person) -> frozenset[str]:
    lines = map(json.loads, viewer.call("GET", "/me/export", status=200).text.splitlines())
    return frozenset(said["data"]["photo_id"] for said in lines if "original" in said)


def exported(viewer: Person, where: Where) -> bool:
    """Whether the viewer's export has a link to what was uploaded."""
    return where.photo in _originals(viewer)


def acted(viewer: Person, where: Where) -> bool:
    """Whether a like can be taken back, which changes nothing where there is none."""
    return viewer.call("DELETE", f"/photos/{where.photo}/like").status_code == httpx.codes.OK


def heard(kind: str) -> Shows:
    """Whether the viewer is told of the photo on the live stream."""
    return lambda viewer, where: (kind, where.photo) in where.live[viewer.username].result(timeout=120)


def listen(viewer: Person, last: str | None = None) -> tuple[frozenset[tuple[str, str]], str]:
    """All that the stream tells behind an id, as kinds and photos, and the id where it ends for now.

    An id without an event says that nothing is left to be told: the first one stands where the stream begins.
    """
    headers = {"Authorization": viewer.headers["Authorization"], **({"Last-Event-ID": last} if last else {})}
    told: set[tuple[str, str]] = set()
    url = f"{viewer.http.base_url}/v1/live"
    with httpx.stream("GET", url, headers=headers, timeout=120) as answer:
        assert answer.status_code == httpx.codes.OK, answer.read()
        for number, said in enumerate(_parts(answer)):
            if "event" in said:
                told.add((said["event"], json.loads(said["data"]).get("photo_id")))
            elif number or last is None:
                return frozenset(told), said["id"]
    raise AssertionError("the stream has ended")


def _parts(answer: httpx.Response) -> Iterator[dict[str, str]]:
    said: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            said[name] = value
        else:
            yield said
            said = {}
