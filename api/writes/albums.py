"""Albums: make, change and delete them."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import PENDING, done, dump, taken_away
from api.bodies import JsonRoute
from api.documents import command
from api.idempotency import Idempotency, IdempotencyKey
from api.identity import Member
from api.ports import Now, Reads
from api.positions import Covered
from api.shapes import albums as shapes
from api.shapes import examples
from api.showing.albums import EMPTY, content, not_found, present
from api.showing.members import cards, standing
from api.showing.shown import Shown
from api.standby import AWAY
from api.wiring import Writes
from commands.albums import ChangeAlbum, CreateAlbum, RemoveAlbum
from commands.deciding import Receipt
from commands.once import Once
from domain.albums import Album, Words, known_album
from domain.ids import AlbumId, is_id, slot_of
from domain.once import Answer
from domain.visibility import Audience
from projections.albums import AlbumRow


def routes(writes: Writes, reads: Reads, idempotency: Idempotency, now: Now) -> APIRouter:
    """What owners do with their albums."""
    router = APIRouter(route_class=JsonRoute)

    @router.post(
        "/v1/albums",
        **command("Make an album", "albums", 201, shapes.Album, examples.NEW_ALBUM, 409, body=True),
    )
    async def create(
        request: Request, caller: Member, body: shapes.NewAlbum, covered: Covered, _key: IdempotencyKey = None
    ) -> Response:
        """For everyone, unless an audience is given."""
        asked = CreateAlbum(
            caller.member_id, body.title, body.description or "", Audience(body.audience or Audience.PUBLIC)
        )
        (owner,) = await cards(reads, caller.member_id, [caller.member_id])

        async def run(once: Once | None) -> Receipt[Album]:
            return await writes.create_album(asked, once=once)

        def make(album: Album) -> Answer:
            told = present(_row(album), album.audience, owner, EMPTY)
            return Answer(HTTPStatus.CREATED, dump(told.body).decode())

        return await idempotency.answer(
            request, covered, caller=caller.member_id, slot=slot_of(caller.member_id), make=make, run=run
        )

    @router.patch(
        "/v1/albums/{album_id}",
        **command(
            "Change an album", "albums", 200, shapes.Album, examples.ALBUM, 403, 404, 409, body=True, pending=True
        ),
    )
    async def change(
        request: Request, album_id: str, caller: Member, body: shapes.AlbumChange, covered: Covered
    ) -> Response:
        """What is left out stays; a narrower audience holds from the next read on."""
        audience = None if body.audience is None else Audience(body.audience)
        words = Words(body.title, body.description)
        receipt = await writes.change_album(ChangeAlbum(caller.member_id, checked(album_id), words, audience))
        if receipt.pending:
            return done(request, receipt.reached, covered, status=HTTPStatus.ACCEPTED, body=PENDING)
        try:
            told = await shown(receipt.state)
        except AWAY:  # it is recorded, and can't be shown yet
            return done(request, receipt.reached, covered, status=HTTPStatus.ACCEPTED, body=PENDING)
        return done(request, receipt.reached, covered, body=told.body)

    @router.delete(
        "/v1/albums/{album_id}",
        **command("Delete an album", "albums", 204, None, None, 403, 404, 409, pending=True),
    )
    async def remove(request: Request, album_id: str, caller: Member, covered: Covered) -> Response:
        """Gone from every read at once; its photos stay."""
        receipt = await writes.remove_album(RemoveAlbum(caller.member_id, checked(album_id)))
        return taken_away(request, receipt.reached, covered, pending=receipt.pending)

    async def shown(album: Album) -> Shown:
        made = known_album(album)
        owner, relation = await standing(reads, made.owner_id, made.owner_id)
        (by,) = await cards(reads, made.owner_id, [made.owner_id])
        held = await content(reads, made.owner_id, made.album_id, owner, relation, now)
        return present(_row(album), album.audience, by, held)

    return router


def checked(album_id: str) -> AlbumId:
    """An album's id as it stands in a path; 404 for what can't be one."""
    if not is_id(album_id):
        raise not_found()
    return album_id


def _row(album: Album) -> AlbumRow:
    made = known_album(album)
    return AlbumRow(made.owner_id, made.album_id, album.title, album.description, made.at)
