"""Every route that could show a photo, each as a question: does it show this photo to this viewer?

A new route that shows photos gets a line in `ROUTES`: what it is asked, and when it should show a photo. Without a rule
of its own it shows what its viewer may see. One that shows none is explained in `SHOW_NONE`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.people import Person
from tests.story.asking import (
    Shows,
    Where,
    acted,
    copied,
    exported,
    found,
    heard,
    linked,
    listed,
    pictured,
    plainly,
    unsigned,
)
from tests.story.naive import Naive

Due = Callable[[Naive, str | None, str], bool | None]
"""Whether a photo should be shown to a viewer; None where it may be, as the rule alone doesn't say."""

TAG = "story"
PLACE = "Maribor"
"""Every photo of a history has these."""
NOT_MINE = frozenset({403, 404})
MOST_OF_AN_AUTHOR = 3
"""So many photos of an author trend at most."""


def in_feed(model: Naive, viewer: str | None, photo: str) -> bool:
    """It is the viewer's, or of someone whom they follow and have not muted."""
    return model.in_feed(str(viewer), photo)


def ranked(model: Naive, viewer: str | None, photo: str) -> bool:
    """As in the feed; whoever follows nobody gets what trends."""
    return in_feed(model, viewer, photo) if model.following(str(viewer)) else trends(model, viewer, photo)


def open_to(model: Naive, viewer: str | None, photo: str) -> bool:
    """The viewer sees it, and it is meant for everyone."""
    return model.sees(viewer, photo) and model.audience[photo] == "public"


def trends(model: Naive, viewer: str | None, photo: str) -> bool:
    """Nobody likes or comments in these histories, so the newest come first."""
    by: Counter[str] = Counter()
    for each in sorted(model.owner, reverse=True):
        if open_to(model, viewer, each):
            by[model.owner[each]] += 1
            if each == photo:
                return by[model.owner[each]] <= MOST_OF_AN_AUTHOR
    return False


def of_a_stranger(model: Naive, viewer: str | None, photo: str) -> bool:
    """Open, and neither the viewer's nor of one whom they follow."""
    owner = model.owner[photo]
    return open_to(model, viewer, photo) and owner != viewer and (viewer, owner) not in model.follows


def never_closed(model: Naive, viewer: str | None, photo: str) -> bool | None:
    """Anyone at all may see it; an address from before it was once closed leads nowhere even so."""
    del viewer
    return None if model.sees(None, photo) else False


def seen_and_for_all(model: Naive, viewer: str | None, photo: str) -> bool:
    """The viewer sees it, and so does anyone else but those whom its owner blocks."""
    return model.sees(viewer, photo) and model.sees(None, photo)


def told_of(model: Naive, viewer: str | None, photo: str) -> bool:
    """Its caption mentions everybody; the muted are silent, and nobody is told of what they did themselves."""
    owner = model.owner[photo]
    return model.sees(viewer, photo) and owner != viewer and (viewer, owner) not in model.mutes


def own(model: Naive, viewer: str | None, photo: str) -> bool:
    """It is the viewer's, deleted, taken down or neither."""
    return model.owner[photo] == viewer


def kept(model: Naive, viewer: str | None, photo: str) -> bool:
    """It is the viewer's, and neither deleted nor taken down."""
    return own(model, viewer, photo) and model.sees(viewer, photo)


def maybe_kept(model: Naive, viewer: str | None, photo: str) -> bool | None:
    """Of the viewer's own it may be one that looks like another."""
    return None if kept(model, viewer, photo) else False


def trashed(model: Naive, viewer: str | None, photo: str) -> bool:
    """It is the viewer's, and deleted."""
    return own(model, viewer, photo) and photo in model.trash


def there(model: Naive, viewer: str | None, photo: str) -> bool:
    """Whoever has a link to it sees it, whomever it is meant for, as long as its owner does."""
    del viewer
    return model.sees(model.owner[photo], photo)


def never(model: Naive, viewer: str | None, photo: str) -> bool:
    """Nobody gets it like that."""
    del model, viewer, photo
    return False


@dataclass(frozen=True)
class Route:
    """One way to a photo: the route that it takes, and when it should show one."""

    path: str
    shows: Shows
    due: Due = Naive.sees
    members_only: bool = False


PHOTO = "/v1/photos/{photo_id}"
MEMBER = "/v1/members/{username}"
SEARCH = "/v1/search/photos"
SHARED = "/v1/shared/{token}"
OBJECT = "/v1/objects/{key}"


def unpictured(item: dict[str, Any]) -> list[str]:
    """A photo in the trash, which comes without files."""
    assert item["image"] is None, item
    assert item["deleted_at"], item
    return [item["photo_id"]]


def covered(item: dict[str, Any]) -> list[str]:
    """An album, where it shows a picture."""
    assert (item["cover"] is not None) is (item["counts"]["photos"] > 0), item
    return [item["album_id"]] if item["cover"] else []


def covering(viewer: Person, where: Where) -> bool:
    """An album of this photo alone, where it has a cover."""
    answer = viewer.call("GET", f"/albums/{where.alone}")
    assert answer.status_code in {200, 404}, answer.text
    return answer.status_code == httpx.codes.OK and bool(covered(answer.json()))


def group(item: dict[str, Any]) -> list[str]:
    """The photos of a group of duplicates."""
    return [photo["photo_id"] for photo in item["photos"]]


def the_photo(told: dict[str, Any], where: Where) -> bool:
    """A link to a photo shows that one."""
    assert (told["kind"], told["photo"]["photo_id"]) == ("photo", where.photo), told
    return bool(told["photo"]["image"])


def the_album(told: dict[str, Any], where: Where) -> bool:
    """A link to an album that holds one photo shows it as its cover, or shows nothing and counts nothing."""
    shown = [item["photo_id"] for item in told["photos"]["items"]]
    assert shown in ([], [where.photo]), shown
    assert (told["album"]["cover"] is not None, told["album"]["counts"]["photos"]) == (bool(shown), len(shown)), told
    return bool(shown)


ROUTES: dict[str, Route] = {
    "photo": Route(PHOTO, found("/photos/{photo}")),
    "likes": Route(f"{PHOTO}/likes", found("/photos/{photo}/likes")),
    "comments": Route(f"{PHOTO}/comments", found("/photos/{photo}/comments")),
    "download": Route(f"{PHOTO}/download", found("/photos/{photo}/download")),
    "original": Route(f"{PHOTO}/original", found("/photos/{photo}/original", unseen=NOT_MINE), kept, members_only=True),
    "what looks like it": Route(f"{PHOTO}/similar", found("/photos/{photo}/similar")),
    "what another looks like": Route(f"{PHOTO}/similar", listed("/photos/{like}/similar"), seen_and_for_all),
    "member's photos": Route(f"{MEMBER}/photos", listed("/members/{owner}/photos")),
    "covers": Route(f"{MEMBER}/albums", listed("/members/{owner}/albums", covered, "{alone}")),
    "cover": Route("/v1/albums/{album_id}", covering),
    "album": Route("/v1/albums/{album_id}/photos", listed("/albums/{album}/photos")),
    "feed": Route("/v1/feed", listed("/feed"), in_feed, members_only=True),
    "ranked feed": Route("/v1/feed", listed("/feed", order="ranked"), ranked, members_only=True),
    "trending in an hour": Route("/v1/trending", listed("/trending", window="1h"), trends),
    "trending in a week": Route("/v1/trending", listed("/trending", window="7d"), trends),
    "explore": Route("/v1/explore", listed("/explore"), of_a_stranger),
    "tag": Route("/v1/tags/{tag}", listed(f"/tags/{TAG}")),
    "a tag of its own": Route("/v1/tags/{tag}", listed("/tags/{tag}")),
    "trending tags": Route(
        "/v1/tags/trending", listed("/tags/trending", lambda use: [use["tag"]], "{tag}"), seen_and_for_all
    ),
    "search by tag": Route(SEARCH, listed("/search/photos", q=TAG, tag=TAG)),
    "search by text": Route(SEARCH, listed("/search/photos", q="hello")),
    "search by place": Route(SEARCH, listed("/search/photos", q=PLACE)),
    "search by owner": Route(SEARCH, listed("/search/photos", **{"from": "{owner}"})),
    "search by owner's name": Route(SEARCH, listed("/search/photos", q="Test")),
    "link": Route(SHARED, linked("/shared/{link}", holds=the_photo), there),
    "link to an album": Route(SHARED, linked("/shared/{album_link}", holds=the_album), there),
    "my links": Route("/v1/me/shares", listed("/me/shares"), own, members_only=True),
    "trash": Route("/v1/me/trash", listed("/me/trash", unpictured), trashed, members_only=True),
    "duplicates": Route("/v1/me/duplicates", listed("/me/duplicates", group), maybe_kept, members_only=True),
    "notifications": Route("/v1/notifications", listed("/notifications"), told_of, members_only=True),
    "export": Route("/v1/me/export", exported, own, members_only=True),
    "picture": Route(OBJECT, pictured),
    "picture without signature": Route(OBJECT, unsigned, seen_and_for_all),
    "copy without signature": Route(OBJECT, copied, seen_and_for_all),
    "remembered picture": Route(OBJECT, plainly("{picture}"), never_closed),
    "remembered copy": Route(OBJECT, plainly("{copy}"), never_closed),
    "original without signature": Route(OBJECT, plainly("{original}"), never),
    "unlike": Route(f"{PHOTO}/like", acted, members_only=True),
    "photo on the stream": Route("/v1/live", heard("photo"), in_feed, members_only=True),
    "mention on the stream": Route("/v1/live", heard("notification"), told_of, members_only=True),
}

SHOW_NONE: dict[str, str] = {
    "/v1/me": "tells of the member themselves",
    MEMBER: "counts photos, which is compared for every pair of members",
    f"{MEMBER}/followers": "names members",
    f"{MEMBER}/following": "names members",
    "/v1/me/follow-requests": "names members",
    "/v1/me/blocks": "names members",
    "/v1/me/mutes": "names members",
    "/v1/search/members": "names members",
    "/v1/notifications/unread-count": "a number, which is compared with the list",
    "/v1/erasures/{token}": "counts what was withdrawn and removed of a member who is gone",
    "/v1/events": "facts for analysts, without what is personal and without files",
    "/v1/moderation/reports": "names what was reported, for moderators, without files",
    "/v1/ops/projections": "how far read models are, for operators",
    "/healthz": "that the server is alive",
    "/readyz": "what the server reaches",
    "/metrics": "measurements",
}
"""Reads that can't show a photo, and why."""
