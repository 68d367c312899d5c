"""Every query port, held against each adapter, through a world that the read models follow."""

from datetime import timedelta
from functools import partial

import pytest

from domain.events import MemberWentPrivate
from domain.visibility import MemberState, PhotoState, Relation
from projections.affinity import Given
from projections.analytics import Measure, day_of, hour_of
from projections.counters import Kind
from projections.notifications import notice_of
from projections.ports import Since, Upto
from tests.contracts.read_models import every_adapter
from tests.streams.memory_log import START

pytestmark = every_adapter


@pytest.fixture
async def shown(adapter, request):
    async with adapter(request) as made:
        world = made.world
        world.live(*[("join", 0, 0, 0)] * 4)
        made.ada, made.bob, made.cid, made.dan = world.members
        yield made


async def pages(read, key, size=2, place="before"):
    """All pages of a list, joined, each asked for by the key of the last item seen."""
    seen, last = [], None
    while page := await read(**{place: last}, limit=size):
        assert len(page) <= size
        seen += page
        last = key(page[-1])
    return seen


async def test_profiles_by_id_and_by_name_in_any_case(shown):
    shown.world.profile(0, 3, 1)
    await shown.level()
    found = await shown.profiles.by_ids([shown.ada, shown.bob, "nobody", shown.ada])
    assert set(found) == {shown.ada, shown.bob}
    assert (found[shown.ada].first_name, found[shown.ada].bio) == ("A3", "🎞")
    name = found[shown.ada].username
    assert await shown.profiles.by_username(name.upper()) == found[shown.ada]
    assert await shown.profiles.by_username("nobody") is None
    assert await shown.profiles.by_ids([]) == {}


async def test_photo_documents_come_back_whole(shown):
    shown.world.live(("upload", 0, 0, 2), ("process", 0, 5, 3), ("upload", 1, 0, 0))
    await shown.level()
    done, waiting = shown.world.photos
    found = await shown.photos.by_ids([done, waiting, "none"])
    assert set(found) == {done, waiting}
    photo = found[done]
    assert photo.tags == ("sea", "öl")
    assert [variant.width for variant in photo.rendition.variants] == [0, 1, 2]
    assert photo.camera.exposure_s == 1 / 125
    assert photo.location.longitude == -10.7522
    assert photo.taken_at == shown.world.at - timedelta(minutes=1)
    assert photo.created_at.tzinfo is not None
    assert found[waiting].rendition is None


async def test_author_lists_and_timelines_page_newest_first(shown):
    shown.world.live(("follow", 1, 0, 0), *[("upload", 0, 0, 0)] * 5, ("upload", 1, 0, 0))
    await shown.level()
    own = [photo for photo, known in shown.world.photos.items() if known["owner_id"] == shown.ada]
    read = partial(shown.authors.page, shown.ada)
    assert await pages(read, lambda photo: photo) == own[::-1]
    read = partial(shown.timelines.page, shown.bob)
    rows = await pages(read, lambda row: row.photo_id)
    assert [row.photo_id for row in rows] == list(shown.world.photos)[::-1]
    assert {row.owner_id for row in rows} == {shown.ada, shown.bob}


async def test_follows_page_newest_first_from_either_side(shown):
    shown.world.live(*[("follow", follower, 0, 0) for follower in (1, 2, 3)], ("follow", 1, 2, 0))
    shown.world.live(("privacy", 3, 0, 0), ("follow", 0, 3, 0), ("follow", 1, 3, 0), ("follow", 2, 3, 0))
    await shown.level()

    def since(field):
        return lambda row: Since(row.since, getattr(row, field))

    read = partial(shown.follows.followers, shown.ada)
    rows = await pages(read, since("follower_id"))
    assert [row.follower_id for row in rows] == [shown.dan, shown.cid, shown.bob]
    read = partial(shown.follows.following, shown.bob)
    assert [row.followed_id for row in await pages(read, since("followed_id"), 1)] == [shown.cid, shown.ada]
    read = partial(shown.follows.requests, shown.dan)
    assert [row.follower_id for row in await pages(read, since("follower_id"))] == [shown.cid, shown.bob, shown.ada]


async def test_likes_page_newest_first_and_tell_whose_they_are(shown):
    shown.world.live(("upload", 0, 0, 0), ("upload", 0, 0, 0), *[("like", member, 0, 0) for member in (2, 0, 3, 1)])
    shown.world.live(("like", 3, 0, 0), ("like", 2, 1, 0))
    await shown.level()
    first, second = shown.world.photos
    read = partial(shown.likes.page, first)
    rows = await pages(read, lambda row: Since(row.since, row.member_id))
    assert [row.member_id for row in rows] == [shown.bob, shown.ada, shown.cid]
    assert await shown.likes.liked(shown.cid, [first, second, "none"]) == {first, second}
    assert await shown.likes.liked(shown.dan, [first, second]) == frozenset()


async def test_comments_page_oldest_first(shown):
    shown.world.live(("upload", 0, 0, 0), *[("comment", member, 0, 2) for member in (0, 1, 2, 0)], ("edit", 1, 1, 4))
    await shown.level()
    (photo,) = shown.world.photos
    read = partial(shown.comments.page, photo)
    rows = await pages(read, lambda row: row.comment_id, 3, "after")
    assert [row.comment_id for row in rows] == list(shown.world.comments)
    assert (rows[1].text, rows[1].edited_at) == ("Oh 4", shown.world.at)
    assert rows[0].mentions == ("ada", "ada")
    assert await shown.comments.get(rows[2].comment_id) == rows[2]
    assert await shown.comments.get("none") is None


async def test_counters_answer_every_pair(shown):
    shown.world.live(("upload", 0, 0, 0), ("like", 1, 0, 0), ("like", 2, 0, 0), ("like", 2, 0, 0), ("follow", 1, 0, 0))
    await shown.level()
    (photo,) = shown.world.photos
    found = await shown.counters.read([photo, shown.ada], [Kind.LIKES, Kind.FOLLOWERS])
    assert found == {
        (photo, Kind.LIKES): 1,
        (photo, Kind.FOLLOWERS): 0,
        (shown.ada, Kind.LIKES): 0,
        (shown.ada, Kind.FOLLOWERS): 1,
    }


async def test_analytics_count_what_was_done_and_who_was_active(shown):
    shown.world.live(*[("upload", 0, 0, 0)] * 2, ("like", 1, 0, 0), ("like", 1, 0, 0), ("comment", 2, 0, 0))
    await shown.level()
    hour, day = hour_of(START), day_of(START)
    first, never, whole = await shown.analytics.tallies([hour, "2001-01-01", day])
    assert (first.name, never.name, whole.name) == (hour, "2001-01-01", day)
    assert first.counts == whole.counts == {Measure.UPLOADS: 2, Measure.LIKES: 1, Measure.COMMENTS: 1}
    assert set(never.counts.values()) == {0}
    assert [await shown.activity.active(each) for each in (day, "2001-01-01")] == [4, 0]


async def test_duplicates_are_a_members_own_oldest_first(shown):
    shown.world.live(*[("upload", 0, 0, 0)] * 3, ("upload", 1, 0, 0), *[("process", at, 1, 0) for at in (2, 0, 3)])
    await shown.level()
    first, _, third, _ = shown.world.photos
    assert await shown.duplicates.of(shown.ada, "0") == [first, third]
    assert await shown.duplicates.of(shown.ada, "1") == []


async def test_what_is_alike_is_grouped_and_decisions_are_kept(shown):
    # `process` gives the likeness of (a + c): 0 and 1 are copies of one picture, 2 is another, 3 too plain to tell
    shown.world.live(*[("upload", 0, 0, 0)] * 5, *[("process", at, 1, 0) for at in range(4)], ("process", 4, 1, 4))
    await shown.level()
    first, second, _, _, fifth = shown.world.photos
    rows = await shown.duplicates.groups(shown.ada)
    same_bytes = sorted(shown.world.photos)  # all of them say the same SHA-256 here
    assert {row.group_id for row in rows} == {first}
    assert [row.photo_id for row in rows] == same_bytes
    assert await shown.duplicates.group(shown.ada, first) == same_bytes
    assert await shown.duplicates.group(shown.bob, first) == []
    assert await shown.duplicates.group(shown.ada, second) == []
    assert await shown.duplicates.decided(shown.ada) == {}
    shown.world.duplicates(0, 0, 4)
    await shown.level()
    assert await shown.duplicates.decided(shown.ada) == {first: frozenset(shown.world.photos)}
    assert fifth in shown.world.photos


async def test_copies_are_found_by_their_hash_and_groups_grow_together(shown):
    shown.world.live(*[("upload", 0, 0, 0)] * 6, ("process", 0, 1, 0), ("process", 1, 1, 1), ("process", 2, 1, 3))
    await shown.level()
    first, second, third, *_ = shown.world.photos
    # bytes: first 0, second 1, third 1; looks: first 0, second 2, third 1 (a copy of the first)
    assert await shown.duplicates.group(shown.ada, first) == [first, second, third]


async def test_the_nearest_descriptors_come_first(shown):
    shown.world.live(*[("upload", 0, 0, 0)] * 4, *[("process", at, 1, 0) for at in range(4)])
    await shown.level()
    even, mixed, left, right = shown.world.photos
    asked = await shown.similar.descriptor(even)
    assert asked == (1,) * 64
    assert await shown.similar.descriptor("none") is None
    found = await shown.similar.nearest(asked, limit=3)
    assert (found[0][0], {photo for photo, _ in found[1:]}) == (even, {left, right})
    assert [near for _, near in found] == pytest.approx([1, 2**-0.5, 2**-0.5], abs=1e-3)
    assert dict(await shown.similar.nearest(asked, limit=9))[mixed] == pytest.approx(0, abs=1e-3)
    shown.world.live(("upload", 0, 0, 0), ("process", 4, 1, 0))
    await shown.level()
    assert len(await shown.similar.nearest(asked, limit=9)) == 5


async def test_uploads_are_open_until_they_are_used_or_given_up(shown):
    shown.world.live(*[("open_upload", 0, ends, ends) for ends in (0, 2, 1, 2)])
    await shown.level()
    rows = await pages(shown.uploads.page, lambda row: row.upload_id, 1, "after")
    assert len(rows) == 2
    assert {row.member_id for row in rows} == {shown.ada}
    assert rows[0].upload_id < rows[1].upload_id


async def test_what_waits_pages_oldest_first_stage_by_stage_until_it_is_done(shown):
    shown.world.live(*[("upload", 0, 0, 0)] * 4, ("process", 1, 1, 1), ("process", 2, 0, 0))
    await shown.level()
    first, done, _, last = shown.world.photos
    rows = await pages(shown.previews.page, lambda row: row.photo_id, 1, "after")
    assert [row.photo_id for row in rows] == [first, last]
    assert rows[0].owner_id == shown.ada
    assert await shown.waiting.page(after=None, limit=9) == []
    shown.world.live(("preview", 3, 0, 0), ("preview", 0, 0, 0), ("render", 1, 1, 0))
    await shown.level()
    assert await shown.previews.page(after=None, limit=9) == []
    rows = await pages(shown.waiting.page, lambda row: row.photo_id, 1, "after")
    assert [row.photo_id for row in rows] == [first, done, last]
    shown.world.live(("process", 0, 1, 1), ("render", 1, 0, 1), ("remove", 3, 0, 0))
    await shown.level()
    assert await shown.waiting.page(after=None, limit=9) == []
    shown.world.live(("avatar", 0, 1, 0), ("avatar", 0, 1, 0))
    await shown.level()
    (avatar,) = await shown.waiting.page(after=None, limit=9)
    assert avatar.photo_id == shown.world.avatars[avatar.owner_id]


async def test_what_a_model_is_to_look_at_waits_until_it_did_or_was_given_up(shown):
    shown.world.live(*[("upload", 0, 0, 0)] * 4, *[("process", at, 1, 1) for at in range(3)])
    shown.world.live(*[("detect", at, 0, 0) for at in (2, 0, 1)])
    await shown.level()
    first, second, third, _ = shown.world.photos
    rows = await pages(shown.detections.page, lambda row: row.photo_id, 1, "after")
    assert [(row.photo_id, row.owner_id) for row in rows] == [(each, shown.ada) for each in (first, second, third)]
    shown.world.live(("remove", 0, 0, 0), ("detect", 1, 1, 2), ("detect", 2, 2, 0))
    await shown.level()
    assert [row.photo_id for row in await shown.detections.page(after=None, limit=9)] == [first]
    shown.world.live(("leave", 0, 1, 0), ("leave", 0, 1, 0))
    await shown.level()
    assert await shown.detections.page(after=None, limit=9) == []


async def test_an_avatar_is_part_of_the_profile_until_it_is_removed(shown):
    shown.world.live(("avatar", 0, 1, 1))
    await shown.level()
    face = (await shown.profiles.by_ids([shown.ada]))[shown.ada].avatar
    assert face is not None
    assert face.variants[0].key.startswith("avatars/")
    shown.world.live(("avatar", 0, 0, 0))
    await shown.level()
    assert (await shown.profiles.by_ids([shown.ada]))[shown.ada].avatar is None


async def test_blocks_and_mutes_page_newest_first(shown):
    shown.world.live(*[("block", 0, of, 0) for of in (1, 2, 3, 2)], ("block", 1, 0, 0))
    shown.world.live(*[("mute", 0, of, 0) for of in (3, 1, 2, 1)], ("mute", 1, 0, 0))
    await shown.level()
    blocks, mutes = partial(shown.blocks.page, shown.ada), partial(shown.mutes.page, shown.ada)
    blocked = await pages(blocks, lambda row: Since(row.since, row.blocked_id), 1, "before")
    muted = await pages(mutes, lambda row: Since(row.since, row.muted_id), 1, "before")
    assert [row.blocked_id for row in blocked] == [shown.dan, shown.bob]
    assert [row.muted_id for row in muted] == [shown.cid, shown.dan]
    assert await shown.blocks.page(shown.cid, before=None, limit=5) == []
    assert await shown.mutes.page(shown.cid, before=None, limit=5) == []


async def test_the_trash_pages_the_last_deleted_first(shown):
    shown.world.live(*[("upload", 0, 0, 0)] * 4, ("upload", 1, 0, 0), *[("remove", at, 0, 0) for at in (2, 0, 3, 4, 3)])
    await shown.level()
    first, _, third, _, _ = shown.world.photos
    rows = await pages(partial(shown.trash.page, shown.ada), lambda row: Since(row.since, row.photo_id), 1, "before")
    assert [row.photo_id for row in rows] == [first, third]


async def test_what_is_not_settled_stands_until_it_is(shown):
    shown.world.live(("block", 0, 1, 0), ("block", 0, 2, 1), ("block", 2, 0, 1), ("block", 2, 0, 0))
    shown.world.live(*[("privacy", of, 0, 0) for of in (0, 0, 1, 2)], *[("privacy", of, 1, 0) for of in (1, 3, 3)])
    shown.world.live(("privacy", 2, 0, 0), ("privacy", 3, 0, 0))
    await shown.level()
    pair = lambda row: (row.blocker_id, row.blocked_id)  # noqa: E731
    rows = await pages(shown.unsettled.blocks, pair, 1, "after")
    assert [pair(row) for row in rows] == sorted([(shown.ada, shown.bob), (shown.cid, shown.ada)])
    opened = await pages(shown.unsettled.openings, lambda row: row.member_id, 1, "after")
    assert [row.member_id for row in opened] == sorted([shown.ada, shown.cid])
    heads = shown.log.heads()
    assert all(0 < row.number <= heads[row.log] for row in opened)


async def test_sight_sees_photos_members_relations_and_ended_sessions(shown):
    world = shown.world
    world.live(("upload", 0, 2, 0), ("remove", 0, 0, 0), ("privacy", 1, 0, 0), ("follow", 0, 1, 0), ("follow", 0, 2, 0))
    world.live(
        ("follow", 2, 0, 0), ("follow", 3, 0, 0), ("follow", 3, 0, 0), ("session", 0, 1, 0), ("session", 0, 0, 0)
    )
    await shown.level()
    (photo,) = world.photos
    expected = PhotoState(photo, shown.ada, "processing", "private", removed=True)
    assert await shown.sight.photos([photo, "none"]) == {photo: expected}
    states = await shown.sight.members([shown.ada, shown.bob, "none"])
    assert states == {shown.ada: MemberState(shown.ada), shown.bob: MemberState(shown.bob, private=True)}
    assert await shown.sight.relations(shown.ada, [shown.bob, shown.cid, shown.dan, "none"]) == {
        shown.bob: Relation(requested=True),
        shown.cid: Relation(following=True, followed_by=True),
        shown.dan: Relation(),
        "none": Relation(),
    }
    world.live(("block", 0, 2, 1), ("block", 1, 0, 0), ("mute", 0, 3, 0), ("mute", 2, 0, 0), ("comment", 1, 0, 0))
    (comment,) = world.comments
    world.live(("block", 3, 0, 1), ("block", 3, 0, 1), ("mute", 0, 1, 0), ("mute", 0, 1, 0), ("edit", 0, 0, 0))
    await shown.level()
    assert await shown.sight.relations(shown.ada, [shown.bob, shown.cid, shown.dan]) == {
        shown.bob: Relation(blocked_by=True),
        shown.cid: Relation(blocking=True),
        shown.dan: Relation(muted=True),
    }
    assert await shown.sight.relations(shown.cid, [shown.ada]) == {shown.ada: Relation(blocked_by=True, muted=True)}
    assert await shown.sight.gone_comments([comment, photo]) == {comment}
    ended = {
        fact.event.session_id for facts in shown.log.facts.values() for fact in facts if hasattr(fact.event, "reason")
    }
    opened = {
        fact.event.session_id
        for facts in shown.log.facts.values()
        for fact in facts
        if hasattr(fact.event, "refresh_hash")
    }
    assert len(opened) == 2
    assert {session for session in opened if await shown.sessions.ended(session, "nobody")} == ended


async def test_what_restricts_is_seen_before_the_follower_comes_to_it(shown):
    await shown.level()
    await shown.follower.stop()
    recorded = shown.log.append(0, f"member-{shown.ada}", MemberWentPrivate(at=shown.world.at, member_id=shown.ada))
    assert not (await shown.sight.members([shown.ada]))[shown.ada].private
    await shown.immediate.apply(recorded)
    assert (await shown.sight.members([shown.ada]))[shown.ada].private
    await shown.immediate.apply([])
    assert not await shown.progress.wait(["visibility"], shown.log.heads(), timeout_s=0)
    await shown.follower.start()
    await shown.level()
    assert (await shown.sight.members([shown.ada]))[shown.ada].private


async def test_progress_is_measured_against_the_store(shown):
    await shown.level()
    reached = await shown.progress.reached(["likes", "photos"])
    assert (dict(reached.positions), reached.lag_ms) == (shown.log.heads(), 0)
    await shown.follower.stop()
    shown.world.upload(0, 0, 0)
    behind = await shown.progress.reached(["likes"])
    assert behind.positions == reached.positions
    assert 2_900 <= behind.lag_ms <= 3_000


async def test_albums_page_newest_first_and_their_photos_in_their_order(shown):
    shown.world.live(*[("album", 0, 0, audience) for audience in (0, 1, 2)], *[("upload", 0, 0, 0)] * 5)
    first, second, third = shown.world.albums
    shown.world.live(*[("place", 0, photo, 0) for photo in range(5)])
    shown.world.live(("place", 0, 4, 2), ("place", 0, 0, 5), ("place", 0, 3, 4), ("place", 0, 2, 0), ("album", 5, 1, 0))
    await shown.level()
    assert [row.album_id for row in await pages(partial(shown.albums.of, shown.ada), lambda row: row.album_id)] == [
        third,
        first,
    ]
    states = await shown.albums.albums([first, second, third, "none"])
    assert {album: state.audience for album, state in states.items()} == {first: "public", third: "private"}
    assert (await shown.albums.get(first)).title == "Rivers"
    assert await shown.albums.get(second) is None
    expected = shown.world.albums[first]["photos"]
    rows = await pages(partial(shown.albums.page, first), lambda row: (row.rank, row.photo_id), 2, "after")
    assert [row.photo_id for row in rows] == expected
    assert len(expected) == 4
    behind = [await shown.albums.behind(first, photo) for photo in [*expected, "none"]]
    assert behind == ["", *expected[:-1], None]


async def test_shares_page_newest_first_and_open_until_they_are_taken_back(shown):
    shown.world.live(("upload", 0, 0, 0), *[("share", 1, 0, each) for each in range(3)])
    first, second, third = shown.world.shares
    shown.world.live(("share", 0, 1, 0))
    await shown.level()
    rows = await pages(partial(shown.shares.of, shown.ada), lambda row: row.share_id, 1)
    assert [(row.share_id, row.protected) for row in rows] == [(third, True), (first, False)]
    opened = await shown.shares.get(third)
    assert (opened.owner_id, opened.password_hash, opened.expires_at) == (shown.ada, "$argon2id$", None)
    assert await shown.shares.get(second) is None
    assert await shown.shares.get("none") is None


async def test_notices_page_newest_first_with_those_they_came_from(shown):
    shown.world.live(("upload", 0, 0, 0), ("upload", 0, 0, 0), *[("like", each, 0, 0) for each in (1, 2, 3, 0)])
    shown.world.live(
        ("follow", 1, 0, 0), ("comment", 1, 1, 1), ("comment", 2, 1, 0), ("like", 2, 0, 0), ("see", 0, 0, 0)
    )
    await shown.level()
    first, second = shown.world.photos
    rows = await pages(partial(shown.notifications.page, shown.ada), lambda row: Upto(row.at, row.kind, row.subject), 1)
    about = [(row.kind, row.subject) for row in rows]
    assert about == [("comment", second), ("follow", shown.ada), ("like", first)]
    (named,) = await shown.notifications.page("@ada", before=None, limit=9)
    keys = [notice_of(shown.ada, *each) for each in about] + [notice_of("@ada", named.kind, named.subject)]
    told = await shown.notifications.actors(keys, limit=2)
    assert [[actor.actor_id for actor in told[key].newest] for key in keys] == [
        [shown.cid, shown.bob],
        [shown.bob],
        [shown.dan, shown.bob],
        [shown.bob],
    ]
    assert (await shown.notifications.actors(keys[:1], limit=1))[keys[0]].count == 2
    assert await shown.notifications.seen(shown.ada) == shown.world.at
    assert await shown.notifications.seen(shown.bob) is None


async def test_reports_page_newest_first(shown):
    shown.world.live(("upload", 0, 0, 0), *[("report", member, 0, 0) for member in (1, 2, 1)])
    await shown.level()
    rows = await pages(shown.reports.page, lambda row: row.report_id)
    assert [row.reporter_id for row in rows] == [shown.bob, shown.cid, shown.bob]


async def test_whoever_leaves_waits_until_all_is_done(shown):
    shown.world.live(
        ("upload", 0, 0, 0), ("like", 1, 0, 0), ("comment", 1, 0, 0), ("follow", 1, 0, 0), ("open_upload", 1, 0, 0)
    )
    shown.world.live(("leave", 1, 1, 0), ("leave", 0, 1, 0), ("leave", 0, 0, 3))
    await shown.level()
    assert [row.member_id for row in await shown.erasures.waiting(limit=9)] == [shown.bob]
    done = await shown.erasures.get(shown.ada)
    assert (done.likes, done.erased_at is None, done.finished_at is None) == (3, False, False)
    assert (await shown.erasures.get(shown.bob)).erased_at is None
    assert await shown.erasures.get("none") is None
    read = partial(shown.erasures.belongings, shown.bob)
    rows = await pages(read, lambda row: (row.kind, row.subject_id), 1, "after")
    assert [row.kind for row in rows] == ["comment", "following", "like", "upload"]
    (photo,) = shown.world.photos
    assert (rows[2].subject_id, rows[2].owner_id) == (photo, shown.ada)


async def test_affinities_tell_what_was_given_of_late_and_not_taken_back(shown):
    world = shown.world
    world.live(("upload", 0, 0, 0), ("upload", 1, 0, 0), ("upload", 0, 0, 0))
    world.live(*[("like", 2, photo, 0) for photo in (0, 1, 2)], ("comment", 2, 0, 0), ("comment", 2, 1, 0))
    world.live(("like", 2, 2, 0), ("edit", 1, 0, 0), ("like", 0, 0, 0), ("comment", 0, 0, 0), ("remove", 0, 0, 0))
    await shown.level()
    found = await shown.affinities.given(shown.cid, since=START)
    assert found == {shown.ada: Given(likes=1, comments=1), shown.bob: Given(likes=1, comments=0)}
    assert await shown.affinities.given(shown.ada, since=START) == {}, "what one gives oneself counts for nothing"
    newest = max(fact.recorded_at for facts in shown.log.facts.values() for fact in facts)
    assert await shown.affinities.given(shown.cid, since=newest + timedelta(microseconds=1)) == {}


async def test_affinities_count_more_than_a_page(shown):
    shown.world.live(("upload", 0, 0, 0), *[("comment", 1, 0, 0)] * 105)
    await shown.level()
    assert await shown.affinities.given(shown.bob, since=START) == {shown.ada: Given(likes=0, comments=105)}


async def test_orders_are_kept_under_names_of_their_own(shown):
    first, second = await shown.frozen.keep(["b", "a"]), await shown.frozen.keep([])
    assert first != second
    assert list(await shown.frozen.read(first)) == ["b", "a"]
    assert list(await shown.frozen.read(second)) == []
    assert await shown.frozen.read("nothing") is None


async def test_hot_authors_celebrities_and_the_lists_of_many(shown):
    world = shown.world
    world.live(*[("upload", owner, 0, 0) for owner in (0, 1, 0, 2, 1)], ("fame", 0, 9, 0), ("fame", 1, 9, 0))
    world.live(("fame", 1, 0, 0))
    await shown.level()
    assert await shown.timelines.celebrities() == {shown.ada}
    assert await shown.timelines.hot() == {shown.ada, shown.bob}, "whoever ceases to be one is hot until filled in"
    of = {photo: known["owner_id"] for photo, known in world.photos.items()}
    newest = [photo for photo in reversed(world.photos) if of[photo] != shown.cid]
    both = partial(shown.timelines.of_authors, [shown.ada, shown.bob])
    many = partial(shown.timelines.of_authors, [shown.ada, shown.bob, *(f"nobody{number}" for number in range(60))])
    for read in (both, many):
        assert list(await read(before=None, oldest="", limit=9)) == newest
        assert list(await read(before=newest[0], oldest=newest[2], limit=9)) == newest[1:3]
        assert list(await read(before=None, oldest="", limit=2)) == newest[:2]
    assert list(await shown.timelines.of_authors([], before=None, oldest="", limit=9)) == []
