"""Members as tests speak of them: over HTTP, through the front door."""

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

PASSWORD = "correct horse battery"
LOOK_S = 0.02
"""Between two looks at what nobody announces: whoever works on it needs the processor too."""
_opened: list[httpx.Client] = []


def anyone(url: str) -> httpx.Client:
    """A client of nobody in particular, closed when the tests are over."""
    _opened.append(httpx.Client(base_url=url, timeout=30))
    return _opened[-1]


def leave() -> None:
    """Close every connection that was opened in someone's name."""
    while _opened:
        _opened.pop().close()


def jpeg(seed: int = 0, size: tuple[int, int] = (64, 48), **save: Any) -> bytes:
    """A small picture; another seed gives other bytes."""
    image = Image.new("RGB", size, ((seed * 37) % 256, (seed * 91) % 256, (seed * 53) % 256))
    image.putpixel((seed % size[0], seed // size[0] % size[1]), (255, 255, 255))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85, **save)
    return out.getvalue()


@dataclass
class Person:
    """A member with a session, and the newest token of what they did and saw."""

    http: httpx.Client
    username: str
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, *, status: int | None = None, **more: Any) -> httpx.Response:
        """One request in this member's name; every answer's position is carried to the next."""
        headers = {**self.headers, **more.pop("headers", {})}
        answer = self.http.request(method, f"/v1{path}", headers=headers, **more)
        if status is not None:
            assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        if method != "GET" and "X-Position" in answer.headers and answer.is_success:
            self.headers["X-Min-Position"] = answer.headers["X-Position"]
        return answer

    def get(self, path: str, **more: Any) -> Any:
        """What a read answers."""
        return self.call("GET", path, status=200, **more).json()

    def upload(self, content: bytes, *, content_type: str = "image/jpeg", filename: str = "photo.jpg") -> str:
        """Put a file where the server says; gives the upload's id."""
        asked = {
            "filename": filename,
            "content_type": content_type,
            "size": len(content),
            "sha256": sha256(content).hexdigest(),
        }
        upload = self.call("POST", "/uploads", json=asked, status=201).json()
        put = self.http.put(upload["url"], content=content, headers=upload["headers"])
        assert put.is_success, put.text
        return str(upload["upload_id"])

    def publish(self, content: bytes | None = None, *, seed: int = 0, **said: Any) -> str:
        """Upload and publish; gives the photo's id, still processing."""
        upload_id = self.upload(content if content is not None else jpeg(seed))
        photo = self.call("POST", "/photos", json={"upload_id": upload_id, **said}, status=202).json()
        return str(photo["photo_id"])

    def ready(self, photo_id: str, deadline_s: float = 60) -> dict[str, Any]:
        """The photo, once it is developed or rejected."""
        until, pause = time.monotonic() + deadline_s, threading.Event()
        while time.monotonic() < until:
            photo = self.get(f"/photos/{photo_id}")
            if photo["status"] != "processing":
                return dict(photo)
            pause.wait(LOOK_S)
        raise AssertionError(f"{photo_id} is still processing after {deadline_s} s")

    def walk(self, path: str, limit: int = 50, **params: Any) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = self.get(path, params={"limit": limit, **params, **more})
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items


def person(url: str, username: str, **said: str) -> Person:
    """Register and log in."""
    http = anyone(url)
    body = {
        "username": username,
        "email": f"{username}@example.org",
        "password": PASSWORD,
        "first_name": username.capitalize(),
        "last_name": "Test",
        **said,
    }
    answer = http.post("/v1/members", json=body)
    assert answer.status_code == 201, answer.text
    return logged_in(url, username)


def logged_in(url: str, username: str) -> Person:
    """A fresh session of a member who is there already."""
    return logged_in_with(url, username, PASSWORD)


def logged_in_with(url: str, username: str, password: str) -> Person:
    """The same, for someone with a password of their own."""
    http = anyone(url)
    answer = http.post("/v1/sessions", json={"username": username, "password": password})
    assert answer.status_code == 201, answer.text
    headers = {
        "Authorization": f"Bearer {answer.json()['access_token']}",
        "X-Min-Position": answer.headers["X-Position"],
    }
    return Person(http, username, headers)


def promoted(url: str, username: str, *roles: str, settings: Mapping[str, str]) -> Person:
    """A fresh session of a member after the command line, with these settings, has given them roles."""
    program = str(Path(sys.executable).parent / "filmroll")
    for role in roles:
        subprocess.run(
            [program, "members", "grant", username, role],
            check=True,
            capture_output=True,
            env={**os.environ, **settings},
        )
    return logged_in(url, username)
