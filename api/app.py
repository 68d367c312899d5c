"""The application: routes over what they are given. Nothing connects here, and nothing is global."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from importlib import resources
from typing import Final, Protocol

from fastapi import APIRouter, FastAPI, Request
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse, Response

from api import documents, errors, health, objects
from api.boards import Boards
from api.express import Express
from api.guarding import Guarded, TimeLimit
from api.idempotency import Idempotency
from api.identity import Identity
from api.links import Links
from api.metrics import Measured, Metrics
from api.middleware import BodyLimit, Drained, Faults, Heads
from api.opening import Opening
from api.pages import policy_of
from api.paging import Cursors
from api.positions import Positions
from api.ratelimits import RateLimits
from api.reads import albums as read_albums
from api.reads import blocks as read_blocks
from api.reads import comments as read_comments
from api.reads import (
    downloads,
    events,
    explore,
    export,
    feed,
    operations,
    profiles,
    search,
    shared,
    similar,
    tags,
    trash,
    trending,
)
from api.reads import duplicates as read_duplicates
from api.reads import erasures as read_erasures
from api.reads import follows as read_follows
from api.reads import likes as read_likes
from api.reads import live as read_live
from api.reads import moderation as read_moderation
from api.reads import mutes as read_mutes
from api.reads import notifications as read_notifications
from api.reads import photos as read_photos
from api.reads import shares as read_shares
from api.showing.prints import Prints
from api.signing import Sealer
from api.standby import StandbySessions
from api.throttling import Throttle
from api.tracing import Tracing
from api.wiring import Wiring
from api.writes import (
    albums,
    avatars,
    blocks,
    closing,
    comments,
    duplicates,
    edits,
    follows,
    likes,
    members,
    moderation,
    mutes,
    notifications,
    photos,
    placing,
    publishing,
    sessions,
    shares,
    uploads,
    views,
)

_EXPOSED: Final = (
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "Retry-After",
    "X-Position",
    "X-Projection-Lag-Ms",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-Id",
)


class Lifespan(Protocol):
    """What is open while the application runs."""

    def __call__(self, app: FastAPI, /) -> AbstractAsyncContextManager[None]:
        """Open on entering, close on leaving."""
        ...


def build_app(wiring: Wiring, *, lifespan: Lifespan | None = None) -> FastAPI:
    """The HTTP API over these handlers and ports."""
    app = FastAPI(
        title="filmroll",
        version="1",
        description="A photo-sharing backend whose only truth is its event log.",
        lifespan=lifespan,
        redirect_slashes=False,
        openapi_url="/openapi.json",
        docs_url=None,  # the framework's page comes from elsewhere on the internet
        redoc_url=None,
    )
    app.add_route("/docs", _docs, include_in_schema=False)
    metrics = Metrics(wiring.measures)
    sealer = Sealer(wiring.secret)
    app.state.positions = Positions(sealer, wiring.reads.progress, wiring.limits, wiring.now)
    app.state.cursors = Cursors(sealer, wiring.now)
    app.state.identity = identity = Identity(
        wiring.keyring,
        StandbySessions(wiring.reads.sessions, wiring.writes.session_ended),
        wiring.limits.access_token_s,
        wiring.now,
    )
    for router in (
        *_reads(wiring),
        *_writes(wiring, identity),
        export.routes(wiring.reads, wiring.own_events, wiring.now),
        read_live.routes(wiring.reads, wiring.live, sealer, identity),
        *([objects.routes(wiring.store, wiring.reads)] if wiring.store else ()),
        health.routes(wiring.checks, metrics, wiring.reads.progress, wiring.metrics),
    ):
        app.router.routes.extend(router.routes)  # flat: one look for the route, and 405 knows all of an address
    errors.install(app)
    app.openapi = lambda: documents.document(app)  # type: ignore[method-assign]
    # the last that is added is the first that is asked
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(RateLimits, limit=wiring.rate, tallies=wiring.tallies, identity=identity)
    app.add_middleware(Heads)
    app.add_middleware(BodyLimit, most=wiring.limits.body_bytes)
    app.add_middleware(TimeLimit, seconds=wiring.limits.request_s)
    app.add_middleware(Faults)
    app.add_middleware(Drained)
    app.add_middleware(Guarded)
    if wiring.limits.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=wiring.limits.origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["*"],
            expose_headers=_EXPOSED,
            max_age=3600,
        )
    app.add_middleware(Tracing)
    if not wiring.rate.reads:
        app.add_middleware(Express, routes=app.routes, metrics=metrics)
    return app


async def _docs(request: Request) -> Response:
    del request
    page = resources.files("api").joinpath("docs.html").read_text(encoding="utf-8")
    headers = {"Cache-Control": "public, max-age=3600", "Content-Security-Policy": policy_of(page)}
    return HTMLResponse(page, headers=headers)


def _reads(wiring: Wiring) -> Iterable[APIRouter]:
    reads, now, links = wiring.reads, wiring.now, Links(Sealer(wiring.secret), wiring.base_url)
    prints = Prints(reads.files, now)
    boards = Boards(reads, now)
    return (
        feed.routes(reads, prints, boards),
        read_photos.routes(reads, prints),
        profiles.routes(reads),
        downloads.routes(reads, now),
        trash.routes(reads, now),
        read_duplicates.routes(reads, now),
        similar.routes(reads, prints),
        read_follows.routes(reads),
        read_blocks.routes(reads),
        read_mutes.routes(reads),
        read_likes.routes(reads),
        read_comments.routes(reads),
        read_albums.routes(reads, now),
        search.routes(reads, now),
        trending.routes(reads, now, boards),
        explore.routes(reads, now, boards),
        tags.routes(reads, now, prints),
        events.routes(wiring.events, wiring.operations),
        operations.routes(wiring.operations),
        read_shares.routes(reads, links),
        read_notifications.routes(reads),
        read_moderation.routes(reads),
        read_erasures.routes(reads, links),
        shared.routes(
            Opening(reads, links, wiring.matches, now, Throttle(wiring.tallies, wiring.limits.password_tries))
        ),
    )


def _writes(wiring: Wiring, identity: Identity) -> Iterable[APIRouter]:
    writes, reads, limits = wiring.writes, wiring.reads, wiring.limits
    links = Links(Sealer(wiring.secret), wiring.base_url)
    idempotency = Idempotency(writes.recall, limits)
    return (
        members.routes(writes, reads, idempotency),
        sessions.routes(writes, reads, identity, limits, Throttle(wiring.tallies, limits.password_tries)),
        follows.routes(writes),
        blocks.routes(writes),
        mutes.routes(writes),
        uploads.routes(writes, reads, idempotency),
        uploads.completion(writes, idempotency),
        publishing.routes(writes, reads, idempotency, wiring.now),
        photos.routes(writes, reads, wiring.now),
        edits.routes(writes, reads, wiring.now),
        avatars.routes(writes, reads),
        duplicates.routes(writes, reads, limits),
        likes.routes(writes),
        comments.routes(writes, reads, idempotency),
        albums.routes(writes, reads, idempotency, wiring.now),
        placing.routes(writes, reads, limits),
        moderation.routes(writes, idempotency),
        closing.routes(writes, links),
        notifications.routes(writes, reads, idempotency, limits),
        shares.routes(writes, idempotency, links),
        views.routes(reads),
    )
