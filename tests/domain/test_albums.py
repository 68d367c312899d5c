"""Albums: what an owner says of them, and what lies in them."""

from domain import albums
from domain.albums import FIRST, NO_ENTRY, NONE, Words
from domain.errors import Forbidden, Invalid, NotFound
from domain.events import (
    AlbumAudienceChanged,
    AlbumCreated,
    AlbumDescribed,
    AlbumPhotoPlaced,
    AlbumPhotoTakenOut,
    AlbumRemoved,
)
from domain.ids import new_id
from domain.visibility import Audience
from tests.given import ANA, BEN, NOON, Given

ALBUM, PHOTO, OTHER = (new_id(1, NOON, lambda _, n=number: n) for number in (7, 8, 9))
CREATED = AlbumCreated(at=NOON, album_id=ALBUM, owner_id=ANA, title="Rivers", description="", audience="public")


def made(*events):
    return Given(albums.evolve, NONE, (CREATED, *events))


def entry(*events):
    return Given(albums.evolve_entry, NO_ENTRY, events)


def test_words_change_once():
    after = AlbumDescribed(at=NOON, album_id=ALBUM, owner_id=ANA, title="Rivers", description="All")
    said = made().when(albums.describe, Words(description="All"), NOON).then(after)
    said.when(albums.describe, Words("Rivers", "All"), NOON).then_nothing()


def test_the_audience_changes_once():
    after = AlbumAudienceChanged(at=NOON, album_id=ALBUM, owner_id=ANA, before="public", audience="friends")
    narrowed = made().when(albums.change_audience, Audience.FRIENDS, NOON).then(after)
    narrowed.when(albums.change_audience, Audience.FRIENDS, NOON).then_nothing()


def test_what_is_deleted_is_gone():
    gone = made().when(albums.remove, NOON).then(AlbumRemoved(at=NOON, album_id=ALBUM, owner_id=ANA))
    gone.when(albums.remove, NOON).then_nothing()
    gone.when(albums.describe, Words("Lakes"), NOON).then_refused("album_not_found", NotFound)
    Given(albums.evolve, NONE, ()).when(albums.remove, NOON).then_refused("album_not_found", NotFound)


def test_only_its_owner_may():
    def owned(album):
        albums.owned_by(album, BEN)
        return []

    made().when(owned).then_refused("forbidden", Forbidden)

    def filled(album):
        albums.to_be_filled_by(album, BEN)
        return []

    made().when(filled).then_refused("invalid", Invalid)


def test_a_photo_is_put_moved_and_taken_out():
    def placed(after):
        return AlbumPhotoPlaced(at=NOON, album_id=ALBUM, photo_id=PHOTO, owner_id=ANA, after=after)

    there = entry().when(albums.place, CREATED, PHOTO, None, NOON, there=False).then(placed(None))
    there.when(albums.place, CREATED, PHOTO, None, NOON, there=False).then_nothing()
    there.when(albums.place, CREATED, PHOTO, OTHER, NOON, there=True).then_nothing()
    moved = there.when(albums.place, CREATED, PHOTO, FIRST, NOON, there=False).then(placed(FIRST))
    out = AlbumPhotoTakenOut(at=NOON, album_id=ALBUM, photo_id=PHOTO, owner_id=ANA)
    moved.when(albums.take_out, CREATED, PHOTO, NOON).then(out).when(
        albums.take_out, CREATED, PHOTO, NOON
    ).then_nothing()
