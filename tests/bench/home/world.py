"""The same small world for every way to serve a feed: who follows whom, photos, likes and comments."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from commands.ports import Context, Write
from domain import comments, follows, likes, members, photos
from domain.events import (
    Event,
    MemberFollowed,
    MemberRegistered,
    PhotoCommented,
    PhotoLiked,
    PhotoProcessed,
    PhotoUploaded,
)
from domain.homes import Stream, slot_of_member, slot_of_reactions
from domain.ids import new_id, slot_of
from domain.images import RECIPE, Camera, Rendition, Variant
from infra.eventstore.store import LibraryEventStore

TOGETHER = 2_000
CONTEXT = Context()


@dataclass
class World:
    """Everything by id; photos are in the order of their ids, which is that of time."""

    members: list[str] = field(default_factory=list)
    follows: set[tuple[str, str]] = field(default_factory=set)
    photos: dict[str, PhotoProcessed] = field(default_factory=dict)
    captions: dict[str, str] = field(default_factory=dict)
    likes: set[tuple[str, str]] = field(default_factory=set)
    comments: dict[str, str] = field(default_factory=dict)
    facts: list[tuple[Stream, Event]] = field(default_factory=list)


def made(count: int, followed: int, photos_each: int, seed: int = 7) -> World:
    """A world of so many members; some are followed by far more than others."""
    draw = random.Random(seed)
    world = World()
    at = datetime.now(UTC) - timedelta(hours=48)
    tick = timedelta(milliseconds=1)

    def enter(stream: Stream, event: Event) -> None:
        world.facts.append((stream, event))

    for number in range(count):
        at += tick
        name = f"member{number}"
        _register(world, new_id(slot_of_member(name), at, draw.randrange), name, at)
    weights = [1 / (1 + rank) ** 0.5 for rank in range(count)]
    for member in world.members:
        wanted = draw.randint(followed // 2, followed * 3 // 2)
        for other in set(draw.choices(world.members, weights, k=wanted)) - {member}:
            at += tick
            world.follows.add((member, other))
            enter(follows.stream(other, member), MemberFollowed(at=at, follower_id=member, followed_id=other))
    for _ in range(photos_each):
        for owner in draw.sample(world.members, count):
            at += tick
            photo = new_id(slot_of(owner), at, draw.randrange)
            _publish(world, draw, at, photo, owner, enter)
    known = list(world.photos)
    for photo in draw.choices(known, k=5 * len(known)):
        at += tick
        member = draw.choice(world.members)
        if (photo, member) not in world.likes:
            world.likes.add((photo, member))
            enter(
                likes.stream(photo, member),
                PhotoLiked(at=at, photo_id=photo, owner_id=world.photos[photo].owner_id, member_id=member),
            )
    for photo in draw.choices(known, k=len(known)):
        at += tick
        comment = new_id(slot_of_reactions(photo), at, draw.randrange)
        owner, member = world.photos[photo].owner_id, draw.choice(world.members)
        world.comments[comment] = photo
        enter(
            comments.stream(comment),
            PhotoCommented(
                at=at,
                comment_id=comment,
                photo_id=photo,
                owner_id=owner,
                member_id=member,
                text="How still.",
                reply_to=None,
                mentions=(),
            ),
        )
    return world


def devoted(world: World, count: int) -> list[str]:
    """So many members more, who publish nothing and follow everybody else."""
    authors, at = list(world.members), datetime.now(UTC) - timedelta(hours=12)
    for number in range(count):
        name = f"reader{number}"
        reader = new_id(slot_of_member(name), at)
        _register(world, reader, name, at)
        for author in authors:
            world.follows.add((reader, author))
            followed = MemberFollowed(at=at, follower_id=reader, followed_id=author)
            world.facts.append((follows.stream(author, reader), followed))
    return world.members[-count:]


def _register(world: World, member: str, name: str, at: datetime) -> None:
    world.members.append(member)
    registered = MemberRegistered(
        at=at,
        member_id=member,
        username=name,
        email=f"{name}@example.org",
        password_hash="",
        first_name="Ana",
        last_name=f"No {len(world.members)}",
    )
    world.facts.append((members.stream(member), registered))


async def recorded(world: World, store: LibraryEventStore) -> None:
    """Append the whole history straight to the event store, log by log."""
    by_log: dict[int, list[Write]] = {}
    versions: dict[str, int] = {}
    for stream, event in world.facts:
        version = versions.get(stream.name, 0)
        versions[stream.name] = version + 1
        by_log.setdefault(stream.log(store.logs), []).append(Write(stream, version, (event,)))
    for writes in by_log.values():
        for start in range(0, len(writes), TOGETHER):
            await store.append(_merged(writes[start : start + TOGETHER]), CONTEXT)


def _merged(writes: list[Write]) -> list[Write]:
    """Two facts of one stream are one write."""
    first: dict[str, Write] = {}
    for write in writes:
        known = first.get(write.stream.name)
        first[write.stream.name] = (
            write if known is None else Write(write.stream, known.expected, (*known.events, *write.events))
        )
    return list(first.values())


def _publish(
    world: World, draw: random.Random, at: datetime, photo: str, owner: str, enter: Callable[[Stream, Event], None]
) -> None:
    caption = f"Photo {len(world.photos)}: down by the river, the light was going. #river"
    key = f"photos/{at:%Y/%m/%d}/{photo}"
    variants = tuple(
        Variant(size.name, kind, size.pixels, size.pixels * 2 // 3, 40_000, f"{key}/{draw.randbytes(16).hex()}.{kind}")
        for size in RECIPE.sizes
        for kind in RECIPE.formats
    )
    rendition = Rendition(RECIPE.version, 4000, 2667, "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "#7a8b99", variants)
    camera = Camera("Fuji", "X100", None, 23.0, 2.8, 1 / 250, 400)
    enter(
        photos.stream(photo),
        PhotoUploaded(
            at=at,
            photo_id=photo,
            owner_id=owner,
            upload_id=photo,
            object_key=key,
            content_type="image/jpeg",
            size=4_000_000,
            sha256=None,
            filename="river.jpg",
            caption=caption,
            alt_text="A river at dusk",
            tags=("river", "dusk"),
            mentions=(),
            audience="public",
            place="Maribor",
            show_location=False,
        ),
    )
    done = PhotoProcessed(
        at=at,
        photo_id=photo,
        owner_id=owner,
        audience="public",
        sha256=draw.randbytes(32).hex(),
        rendition=rendition,
        taken_at=at,
        camera=camera,
        location=None,
        likeness=None,
    )
    enter(photos.stream(photo), done)
    world.photos[photo] = done
    world.captions[photo] = caption
