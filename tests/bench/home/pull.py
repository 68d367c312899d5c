"""What people write first: the feed pulled together by SQL at each read, in its good and in its plain form.

A server process of its own: `pull.py DSN KEY PORT`. The good form takes from each followed author their newest, by an
index, keeps counts in columns, and splices documents that are stored as text; the plain form joins, counts by
`count(*)`, and answers through pydantic. Both check the same access tokens, and what the viewer may see. Beside them,
`/prebuilt` answers the bytes of one such page from memory, with nothing before it but uvicorn.
"""

import hashlib
import socket
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).parents[3])

import jwt  # noqa: E402
import orjson  # noqa: E402
import psycopg  # noqa: E402
import uvicorn  # noqa: E402
from fastapi import FastAPI, Request  # noqa: E402
from psycopg.types.json import set_json_loads  # noqa: E402
from psycopg_pool import AsyncConnectionPool  # noqa: E402
from starlette.responses import Response  # noqa: E402

from api.identity import ALGORITHM, AUDIENCE, ISSUER  # noqa: E402
from api.shapes.photos import Photos  # noqa: E402

SCHEMA = """
CREATE TABLE members (member_id text PRIMARY KEY, private boolean NOT NULL, card jsonb NOT NULL, card_text text NOT NULL);
CREATE TABLE follows (follower_id text, followed_id text, PRIMARY KEY (follower_id, followed_id));
CREATE TABLE photos (photo_id text PRIMARY KEY, owner_id text NOT NULL, audience text NOT NULL, removed boolean NOT NULL,
  likes int NOT NULL, comments int NOT NULL, document jsonb NOT NULL, document_text text NOT NULL);
CREATE TABLE likes (photo_id text, member_id text, PRIMARY KEY (photo_id, member_id));
CREATE TABLE comments (comment_id text PRIMARY KEY, photo_id text NOT NULL);
"""
INDEXES = """
CREATE INDEX ON photos (owner_id, photo_id DESC);
CREATE INDEX ON follows (followed_id, follower_id);
CREATE INDEX ON comments (photo_id);
ANALYZE;
"""
SEEN = """
NOT p.removed AND (p.owner_id = %(me)s OR p.audience = 'public' OR p.audience = 'friends' AND EXISTS (
  SELECT FROM follows WHERE follower_id = p.owner_id AND followed_id = %(me)s))
"""
LIKED = "EXISTS (SELECT FROM likes l WHERE l.photo_id = p.photo_id AND l.member_id = %(me)s)"
GOOD = f"""
SELECT p.photo_id, m.card_text, p.document_text, p.likes, p.comments, {LIKED}, p.owner_id = %(me)s
FROM (
  SELECT newest.photo_id FROM (SELECT followed_id FROM follows WHERE follower_id = %(me)s UNION ALL SELECT %(me)s) f
  CROSS JOIN LATERAL (
    SELECT p.photo_id FROM photos p WHERE p.owner_id = f.followed_id AND {SEEN} ORDER BY p.photo_id DESC LIMIT 51) newest
  ORDER BY newest.photo_id DESC LIMIT 51
) page JOIN photos p USING (photo_id) JOIN members m ON m.member_id = p.owner_id ORDER BY p.photo_id DESC
"""
PLAIN = f"""
SELECT p.photo_id, m.card, p.document, (SELECT count(*) FROM likes l WHERE l.photo_id = p.photo_id),
  (SELECT count(*) FROM comments c WHERE c.photo_id = p.photo_id), {LIKED}, p.owner_id = %(me)s
FROM photos p JOIN members m ON m.member_id = p.owner_id
WHERE (p.owner_id = %(me)s OR p.owner_id IN (SELECT followed_id FROM follows WHERE follower_id = %(me)s)) AND {SEEN}
ORDER BY p.photo_id DESC LIMIT 51
"""


def fill(dsn: str, tables: dict[str, Iterable[tuple[Any, ...]]]) -> None:
    """Make the tables and copy their rows in."""
    with psycopg.connect(dsn, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        for name, rows in tables.items():
            with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        cursor.execute(INDEXES)


def app(dsn: str, key: bytes) -> FastAPI:
    pool = AsyncConnectionPool(dsn, min_size=4, max_size=16, open=False, kwargs={"autocommit": True})
    prebuilt: list[tuple[bytes, bytes]] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await pool.open()
        yield
        await pool.close()

    made = FastAPI(lifespan=lifespan)

    def viewer(request: Request) -> str:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return str(jwt.decode(token, key, algorithms=[ALGORITHM], issuer=ISSUER, audience=AUDIENCE)["sub"])

    async def rows(query: str, me: str) -> list[Any]:
        async with pool.connection() as connection:
            return await (await connection.execute(query, {"me": me}, prepare=True)).fetchall()

    @made.get("/good")
    async def good(request: Request) -> Response:
        me = viewer(request)
        items = [
            {
                "photo_id": photo,
                "owner": orjson.Fragment(card),
                "document": orjson.Fragment(document),
                "counts": {"likes": likes, "comments": comments, "views": 0},
                "viewer": {"liked": liked, "may_edit": mine},
            }
            for photo, card, document, likes, comments, liked, mine in (await rows(GOOD, me))[:50]
        ]
        body = orjson.dumps({"items": items, "next_cursor": items[-1]["photo_id"] if items else None})
        tag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
        prebuilt[:] = [(b"content-length", str(len(body)).encode()), (b"", body)]
        return Response(body, headers={"ETag": tag}, media_type="application/json")

    @made.get("/plain", response_model_exclude_unset=True)
    async def plain(request: Request) -> Photos:
        me = viewer(request)
        items = [
            {
                "photo_id": photo,
                "owner": card,
                **document,
                "counts": {"likes": likes, "comments": comments, "views": 0},
                "viewer": {"liked": liked, "may_edit": mine},
            }
            for photo, card, document, likes, comments, liked, mine in (await rows(PLAIN, me))[:50]
        ]
        return Photos.model_validate({"items": items, "next_cursor": items[-1]["photo_id"] if items else None})

    async def either(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/prebuilt":
            await made(scope, receive, send)
            return
        length, (_, body) = prebuilt
        headers = [length, (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return either  # type: ignore[return-value]


def main() -> None:
    dsn, key, port = sys.argv[1:]
    set_json_loads(orjson.loads)
    listener = socket.create_server(("127.0.0.1", int(port)))
    print(f"at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app(dsn, bytes.fromhex(key)), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
