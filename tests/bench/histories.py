"""A history of any length whose graph follows a power law, for benchmarks: few authors have most followers and likes.

Run it with `python tests/bench/histories.py [EVENTS]`; it prints what the history consists of. The same seed gives the
same history. Popularity falls with the rank of a member to the power of -0.8, as in the follower graphs that Kwak et
al. measured (2010, https://doi.org/10.1145/1772690.1772751: an exponent of 2.3 for the distribution, 1 / 1.3 by rank).
"""

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)  # not this folder, whose modules are named for what they measure

from commands.ports import Write  # noqa: E402
from domain import comments, follows, likes, photos  # noqa: E402
from domain.events import (  # noqa: E402
    Event,
    MemberFollowed,
    PhotoCommented,
    PhotoLiked,
    PhotoUnliked,
    PhotoUploaded,
)
from domain.ids import new_id  # noqa: E402

EVENTS = 1_000_000
SEED = 1
_RANK = -0.8
_CHUNK = 10_000
_START = datetime(2025, 6, 1, tzinfo=UTC)
_SHARES = {"photo": 0.04, "follow": 0.3, "comment": 0.1, "like": 0.56}


class Crowd:
    """Members by rank, drawn as often as they are popular."""

    def __init__(self, count: int, draw: np.random.Generator) -> None:
        weights = np.arange(1, count + 1) ** _RANK
        self._until = np.cumsum(weights / weights.sum())
        self._draw = draw
        self.ids = [new_id(number % 1024, _START - timedelta(days=1, milliseconds=number)) for number in range(count)]

    def popular(self, count: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Members by their popularity."""
        return np.minimum(np.searchsorted(self._until, self._draw.random(count)), len(self.ids) - 1)

    def any(self, count: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Members, each as likely as the other."""
        return self._draw.integers(0, len(self.ids), count)


def power_law(count: int, *, seed: int = SEED) -> Iterator[Write]:
    """Streams with their events, until there are so many events."""
    draw = np.random.default_rng(seed)
    crowd = Crowd(max(count // 40, 100), draw)
    kinds = list(_SHARES)
    published: list[tuple[str, str]] = []
    seen: set[tuple[str, str]] = set()
    made = 0
    while made < count:
        rolled = draw.choice(len(kinds), _CHUNK, p=list(_SHARES.values()))
        popular, anyone, luck = crowd.popular(_CHUNK), crowd.any(_CHUNK), draw.random(_CHUNK)
        for kind, author, other, chance in zip(rolled, popular, anyone, luck, strict=True):
            if made >= count:
                return
            at = _START + timedelta(milliseconds=10 * made)
            write = _write(
                kinds[kind] if published else "photo", crowd.ids[author], crowd.ids[other], chance, at, published, seen
            )
            if write is not None:
                made += len(write.events)
                yield write


def _write(
    kind: str, author: str, other: str, chance: float, at: datetime, published: list[tuple[str, str]], seen: set
) -> Write | None:
    if kind == "photo":
        photo = new_id(int(chance * 1024), at)
        published.append((photo, author))
        return Write(photos.stream(photo), 0, (uploaded(photo, author, at),))
    if kind == "follow":
        if author == other or (author, other) in seen:
            return None
        seen.add((author, other))
        return Write(follows.stream(author, other), 0, (MemberFollowed(at=at, follower_id=other, followed_id=author),))
    photo, owner = published[
        int(len(published) * chance**2)
    ]  # the popular ones are drawn early: their photos are older
    if kind == "comment":
        comment = new_id(int(chance * 1024), at)
        of = {"photo_id": photo, "owner_id": owner, "member_id": other}
        said: Event = PhotoCommented(at=at, comment_id=comment, **of, text="Lovely light!", reply_to=None, mentions=())
        return Write(comments.stream(comment), 0, (said,))
    if (photo, other) in seen:
        return None
    seen.add((photo, other))
    of = {"at": at, "photo_id": photo, "owner_id": owner, "member_id": other}
    return Write(likes.stream(photo, other), 0, (PhotoLiked(**of), *((PhotoUnliked(**of),) if chance < 0.1 else ())))


def uploaded(photo: str, owner: str, at: datetime) -> Event:
    return PhotoUploaded(
        at=at,
        photo_id=photo,
        owner_id=owner,
        upload_id="",
        object_key="",
        content_type="image/jpeg",
        size=1,
        sha256=None,
        filename="",
        caption="",
        alt_text="",
        tags=(),
        mentions=(),
        audience="public",
        place="",
        show_location=False,
    )


def main(count: int) -> None:
    kinds: Counter[str] = Counter()
    followers: Counter[str] = Counter()
    for write in power_law(count):
        for event in write.events:
            kinds[type(event).__name__] += 1
            if isinstance(event, MemberFollowed):
                followers[event.followed_id] += 1
    print("| event | how many |\n|---|---|")
    for kind, number in kinds.most_common():
        print(f"| {kind} | {number:,} |")
    top = [number for _, number in followers.most_common()]
    first = sum(top[: len(top) // 100])
    print(f"\n{top[0]:,} follow the first; the first 1 % of those followed have {first / sum(top):.0%} of all follows")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
