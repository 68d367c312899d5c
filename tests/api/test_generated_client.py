"""A client generated from the OpenAPI document does a member's round: what the document says is what the server does."""

import importlib
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.people import LOOK_S, PASSWORD, jpeg

PACKAGE = "filmroll_generated_client"
_OMITTED = re.compile(r"WARNING parsing (\S+ \S+) within")


@dataclass
class Generated:
    """The package, and the document that it was made from."""

    document: dict[str, Any]
    said: str

    def part(self, name: str) -> ModuleType:
        return importlib.import_module(f"{PACKAGE}.{name}")

    def operation(self, method: str, path: str) -> ModuleType:
        told = self.document["paths"][path][method.lower()]
        return self.part(f"api.{told['tags'][0]}.{re.sub('_+', '_', told['operationId'])}")

    def model(self, name: str) -> Any:
        return getattr(self.part("models"), name)


@pytest.fixture(scope="module")
def generated(server, tmp_path_factory) -> Iterator[Generated]:
    folder = tmp_path_factory.mktemp("generated")
    document = httpx.get(f"{server.url}/openapi.json").json()
    (folder / "openapi.json").write_text(json.dumps(document))
    words = ["generate", "--path", folder / "openapi.json", "--output-path", folder / PACKAGE, "--meta", "none"]
    command = [str(Path(sys.executable).parent / "openapi-python-client"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield Generated(document, done.stdout)
    sys.path.remove(str(folder))


def test_every_operation_is_in_it(generated) -> None:
    operations = [(method, path) for path, known in generated.document["paths"].items() for method in known]
    assert len(operations) > 80
    for method, path in operations:
        assert callable(generated.operation(method, path).sync_detailed), (method, path)
    # lines of JSON are no body that it knows: they are read as they come
    assert set(_OMITTED.findall(generated.said)) <= {"GET /v1/me/export", "GET /v1/events"}


@pytest.fixture
def closing_later() -> Iterator[Callable[[Any], Any]]:
    """Opens clients that are closed after the test."""
    with ExitStack() as opened:
        yield opened.enter_context


def test_a_members_round(generated, server, closing_later) -> None:
    anyone = closing_later(generated.part("client").Client(base_url=server.url))
    name = "gen" + sha256(str(server.data).encode()).hexdigest()[:8]

    def done(client: Any, method: str, path: str, status: int, /, *given: Any, **more: Any) -> Any:
        answer = generated.operation(method, path).sync_detailed(*given, client=client, **more)
        assert answer.status_code == status, answer.content
        return answer.parsed

    registration = generated.model("Registration")(
        username=name, email=f"{name}@example.org", password=PASSWORD, first_name="Gen", last_name="Erated"
    )
    member = done(anyone, "POST", "/v1/members", 201, body=registration)
    assert member.username == name
    again = done(anyone, "POST", "/v1/members", 409, body=registration)
    assert (type(again).__name__, again.code) == ("Problem", "username_taken")

    credentials = generated.model("Credentials")(username=name, password=PASSWORD)
    session = done(anyone, "POST", "/v1/sessions", 201, body=credentials)
    mine = closing_later(generated.part("client").AuthenticatedClient(base_url=server.url, token=session.access_token))

    content = jpeg(7)
    wanted = generated.model("UploadRequest")(
        filename="a.jpg",
        content_type=generated.model("UploadRequestContentType").IMAGEJPEG,
        size=len(content),
        sha256=sha256(content).hexdigest(),
    )
    upload = done(mine, "POST", "/v1/uploads", 201, body=wanted)
    assert httpx.put(upload.url, content=content, headers=upload.headers.to_dict()).is_success
    publication = generated.model("Publication")(upload_id=upload.upload_id, caption="By a machine #made")
    pending = done(mine, "POST", "/v1/photos", 202, body=publication, idempotency_key="once")
    assert done(mine, "POST", "/v1/photos", 202, body=publication, idempotency_key="once") == pending

    def photo() -> Any:
        return done(mine, "GET", "/v1/photos/{photo_id}", 200, pending.photo_id)

    shown = eventually(photo, lambda found: found.status == "ready")
    assert (shown.owner.username, shown.tags) == (name, ["made"])
    assert {variant.format_.value for variant in shown.image.variants} == {"webp", "jpeg"}
    liked = done(mine, "PUT", "/v1/photos/{photo_id}/like", 200, pending.photo_id)
    assert liked.liked is True
    new = generated.model("NewComment")(text="Well made")
    comment = done(mine, "POST", "/v1/photos/{photo_id}/comments", 201, pending.photo_id, body=new)
    counts = eventually(lambda: photo().counts, lambda found: (found.likes, found.comments) == (1, 1))
    assert counts.views == 0
    page = done(mine, "GET", "/v1/photos/{photo_id}/comments", 200, pending.photo_id)
    assert [each.comment_id for each in page.items] == [comment.comment_id]
    feed = done(mine, "GET", "/v1/feed", 200, limit=5)
    assert [each.photo_id for each in feed.items] == [pending.photo_id]
    missing = done(anyone, "GET", "/v1/photos/{photo_id}", 404, "nothing")
    assert missing.code == "photo_not_found"
    assert done(mine, "DELETE", "/v1/photos/{photo_id}", HTTPStatus.NO_CONTENT, pending.photo_id) is None


def eventually(read: Callable[[], Any], right: Callable[[Any], bool], deadline_s: float = 60) -> Any:
    until, pause = time.monotonic() + deadline_s, threading.Event()
    while not right(found := read()):
        assert time.monotonic() < until, found
        pause.wait(LOOK_S)
    return found
