"""Sessions: log in, go on, log out."""

from contextlib import suppress
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import done, taken_away
from api.bodies import JsonRoute
from api.documents import command
from api.identity import Identity, Member
from api.ports import Limits, Reads
from api.positions import Covered
from api.shapes import examples
from api.shapes import members as shapes
from api.standby import AWAY
from api.throttling import Throttle, address_of
from api.wiring import Writes
from commands.sessions import LogIn, Login, LogOut, RefreshSession
from domain.errors import Unauthenticated


def routes(writes: Writes, reads: Reads, identity: Identity, limits: Limits, throttle: Throttle) -> APIRouter:
    """Logins."""
    router = APIRouter(route_class=JsonRoute)

    @router.post("/v1/sessions", **command("Log in", "sessions", 201, shapes.Session, examples.SESSION, body=True))
    async def log_in(request: Request, body: shapes.Credentials, covered: Covered) -> Response:
        """An access token for an hour, and a refresh token to go on with."""
        what = f"login:{body.username.casefold()}:{address_of(request.scope)}"
        await throttle.check(what)
        try:
            login = await writes.log_in(LogIn(body.username, body.password))
        except Unauthenticated:
            await throttle.wrong(what)
            raise
        await known_to_reads(login)
        return opened(request, login, covered)

    @router.post(
        "/v1/sessions/refresh",
        **command("Go on with a session", "sessions", 201, shapes.Session, examples.SESSION, 404, body=True),
    )
    async def refresh(request: Request, body: shapes.Refresh, covered: Covered) -> Response:
        """Fresh tokens for a refresh token, which is good for one use; used again, it ends the session."""
        return opened(request, await writes.refresh_session(RefreshSession(body.refresh_token)), covered)

    @router.delete("/v1/sessions/current", **command("Log out", "sessions", 204, None, None, pending=True))
    async def log_out(request: Request, caller: Member, covered: Covered) -> Response:
        """No token of this session counts from now on."""
        receipt = await writes.log_out(LogOut(caller.session_id))
        return taken_away(request, receipt.reached, covered, pending=receipt.pending)

    async def known_to_reads(login: Login) -> None:
        """Whoever registers and logs in finds their own profile at once, token of consistency or not."""
        member_id = login.member.member_id
        with suppress(*AWAY):  # whoever logs in now can write, and read later
            if member_id not in await reads.profiles.by_ids([member_id]):
                await reads.progress.wait(["profiles"], login.reached, timeout_s=limits.catch_up_s)

    def opened(request: Request, login: Login, covered: dict[int, int]) -> Response:
        tokens = {
            "access_token": identity.issue(login.member.member_id, login.session_id, login.member.roles),
            "refresh_token": login.refresh_token,
            "token_type": "bearer",
            "expires_in": identity.life_s,
        }
        return done(request, login.reached, covered, status=HTTPStatus.CREATED, body=tokens)

    return router
