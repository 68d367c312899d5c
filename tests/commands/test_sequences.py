"""Any sequence of commands leaves streams that say what a naive model says, and no event that changes nothing."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.errors import Conflict
from commands.likes import LikePhoto, UnlikePhoto, like_photo, unlike_photo
from commands.photos import ChangePhoto, RemovePhoto, RestorePhoto, change_photo, remove_photo, restore_photo
from commands.ports import Spoiled
from domain import follows, likes, photos
from domain.errors import Contradicted, NotFound
from domain.folding import fold
from domain.follows import Following
from domain.photos import TRASH_KEPT, Words
from domain.visibility import Audience
from tests.commands.product import DEVELOPED, Product, open_product

few = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
"""The fixture is shared on purpose: each example takes a photo of its own, or starts by parting the pair."""


@pytest.fixture
async def product(tmp_path):
    async with open_product(tmp_path, logs=4) as made:
        yield made


@dataclass
class Actions:
    """What may be done to one photo, one like of it, and one follow; Ana owns, Ben acts."""

    product: Product
    ana: str
    ben: str
    photo: str

    async def like(self):
        await like_photo(LikePhoto(self.photo, self.ben), deps=self.product.deps, sight=self.product.sight)

    async def unlike(self):
        await unlike_photo(UnlikePhoto(self.photo, self.ben), deps=self.product.deps, sight=self.product.sight)

    async def remove(self):
        await remove_photo(RemovePhoto(self.ana, self.photo), deps=self.product.deps, sight=self.product.sight)

    async def restore(self):
        await restore_photo(RestorePhoto(self.ana, self.photo), deps=self.product.deps, sight=self.product.sight)

    async def hide(self):
        await self._change(Audience.PRIVATE)

    async def show(self):
        await self._change(Audience.PUBLIC)

    async def caption(self):
        await self._change(None, caption="Said")

    async def silence(self):
        await self._change(None, caption="")

    async def develop(self):
        self.product.darkroom.outcome = DEVELOPED
        await self.product.process(self.photo)

    async def spoil(self):
        self.product.darkroom.outcome = Spoiled("truncated", "…")
        await self.product.process(self.photo)

    async def follow(self):
        await self.product.follow(self.ben, self.ana)

    async def unfollow(self):
        await self.product.unfollow(self.ben, self.ana)

    async def decline(self):
        await self.product.unfollow(self.ben, self.ana, by=self.ana, only=Following.REQUESTED)

    async def drop_follower(self):
        await self.product.unfollow(self.ben, self.ana, by=self.ana, only=Following.YES)

    async def accept(self):
        await self.product.accept(self.ben, self.ana)

    async def close(self):
        await self.product.go_private(self.ana)

    async def open(self):
        await self.product.go_private(self.ana, private=False)

    async def _change(self, audience: Audience | None, **words: Any):
        command = ChangePhoto(self.ana, self.photo, Words(**words), audience)
        await change_photo(command, deps=self.product.deps, sight=self.product.sight)


@dataclass
class Naive:
    """The same without events: what each action sets, and which of them it refuses."""

    status: str = "processing"
    audience: str = "public"
    removed: bool = False
    caption: str = ""
    liked: bool = False
    private: bool = False
    following: str = "no"

    def act(self, verb: str) -> bool:
        """Whether it is allowed; does it if so."""
        seen = not self.removed and self.status == "ready" and self.audience == "public"
        seen = seen and (not self.private or self.following == "yes")
        match verb:
            case "like" | "unlike":
                self.liked = verb == "like" if seen else self.liked
                return seen
            case "remove" | "restore":
                self.removed = verb == "remove"
            case "hide" | "show" | "caption" | "silence" if self.removed:
                return False
            case "hide" | "show":
                self.audience = "private" if verb == "hide" else "public"
            case "caption" | "silence":
                self.caption = "Said" if verb == "caption" else ""
            case "develop" | "spoil" if self.status == "processing" and not self.removed:
                self.status = "ready" if verb == "develop" else "rejected"
            case "close" | "open":
                self.private = verb == "close"
            case _:
                return self._follow(verb)
        return True

    def _follow(self, verb: str) -> bool:
        match verb, self.following:
            case "follow", "no":
                self.following = "requested" if self.private else "yes"
            case "follow", "requested" if not self.private:
                self.following = "yes"
            case "accept", "no":
                return False
            case "accept", _:
                self.following = "yes"
            case ("unfollow", _) | ("decline", "requested") | ("drop_follower", "yes"):
                self.following = "no"
        return True


LIKE = ("like", "unlike")
PHOTO = ("remove", "restore", "hide", "show", "caption", "silence", "develop", "spoil")
FOLLOW = ("follow", "unfollow", "decline", "drop_follower", "accept", "close", "open")


async def actions_on(product: Product, *, ready: bool) -> Actions:
    """Two new members and a photo, nobody following anybody."""
    number = next(product._uploads)
    ana, ben = await product.members(f"ana{number}", f"ben{number}")
    product.darkroom.outcome = DEVELOPED
    return Actions(product, ana, ben, await (product.photo if ready else product.publish)(ana))


async def changes_every_time(product: Product, stream, evolve, start):
    """The stream folded; fails where an event of it changed nothing."""
    events = await product.events(stream)
    states = list(accumulate(events, evolve, initial=start))
    for event, (before, after) in zip(events, pairwise(states), strict=True):
        assert before != after, event
    assert states[-1] == fold(evolve, start, events)
    return states[-1]


async def folded(actions: Actions) -> Naive:
    """What the streams of a photo, its like and the follow say."""
    changes, ana = partial(changes_every_time, actions.product), actions.ana
    photo = await changes(photos.stream(actions.photo), photos.evolve, photos.NO_PHOTO)
    like = await changes(likes.stream(actions.photo, actions.ben), likes.evolve, likes.NONE)
    follow = await changes(follows.stream(ana, actions.ben), follows.evolve, follows.APART)
    member = (await actions.product.sight.members([ana]))[ana]
    return Naive(
        status=photo.status,
        audience=photo.audience,
        removed=photo.removed_at is not None,
        caption=photo.caption,
        liked=like.given,
        private=member.private,
        following=follow.state,
    )


@few
@given(verbs=st.lists(st.sampled_from((*LIKE, *LIKE, *PHOTO, *FOLLOW)), max_size=25), ready=st.booleans())
async def test_one_after_the_other_they_do_what_a_naive_model_does(product, verbs, ready):
    actions = await actions_on(product, ready=ready)
    naive = Naive(status="ready" if ready else "processing")
    for verb in verbs:
        product.clock.forward(minutes=1)
        allowed = naive.act(verb)
        try:
            await getattr(actions, verb)()
        except NotFound:
            assert not allowed, verb
        else:
            assert allowed, verb
    assert await folded(actions) == naive


@few
@given(
    groups=st.lists(st.lists(st.sampled_from((*LIKE, *PHOTO, *FOLLOW)), min_size=2, max_size=4), min_size=1, max_size=6)
)
async def test_at_once_they_end_as_some_order_would_and_no_event_changes_nothing(product, groups):
    actions = await actions_on(product, ready=True)
    for group in groups:
        product.clock.forward(minutes=1)
        outcomes = await asyncio.gather(*(getattr(actions, verb)() for verb in group), return_exceptions=True)
        assert all(outcome is None or isinstance(outcome, NotFound | Conflict) for outcome in outcomes)
    recorded = await folded(actions)
    sight = actions.product.sight
    state = (await sight.photos([actions.photo]))[actions.photo]
    relation = (await sight.relations(actions.ben, [actions.ana]))[actions.ana]
    assert (state.status, state.audience, state.removed) == (recorded.status, recorded.audience, recorded.removed)
    assert (relation.following, relation.requested) == (recorded.following == "yes", recorded.following == "requested")


@few
@given(hours=st.lists(st.integers(0, 24 * 40), min_size=1, max_size=8))
async def test_the_trash_gives_back_what_lay_there_for_thirty_days_at_most(product, hours):
    actions = await actions_on(product, ready=True)
    for hour in hours:
        await actions.remove()
        product.clock.forward(hours=hour)
        kept = timedelta(hours=hour) <= TRASH_KEPT
        try:
            await actions.restore()
        except Contradicted:
            assert not kept
            break
        assert kept
    assert (await folded(actions)).removed is (not kept)
