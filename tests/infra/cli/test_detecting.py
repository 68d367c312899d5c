"""A model beside a server, from upload to search, and `filmroll media detect | status` for what was there before it."""

import io
import json
import time

import pytest
from PIL import Image

from tests.infra.cli.running import complaint, say
from tests.infra.onnx import models
from tests.people import Person, person
from tests.serving import Server


def plain(colour: str, shade: int = 0) -> bytes:
    """A picture of one colour; another shade is another file."""
    image = Image.new("RGB", (300, 200), colour)
    image.putpixel((shade, 0), (0, 0, 0))
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def serve(data):
    running: list[Server] = []

    def start(environment: dict[str, str] | None = None) -> Server:
        running.append(Server(data, environment=environment))
        return running[-1].start()

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def tools(monkeypatch):
    """Settings of the tools from now on."""

    def use(environment: dict[str, str]) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return use


def ready(ana: Person, content: bytes) -> str:
    photo = ana.publish(content)
    assert ana.ready(photo)["status"] == "ready"
    return photo


def found(ana: Person, word: str) -> list[str]:
    return [item["photo_id"] for item in ana.get("/search/photos", params={"q": word})["items"]]


def until(true, deadline_s=60.0):
    end = time.monotonic() + deadline_s
    while not true():
        assert time.monotonic() < end, "not in time"


def test_a_photo_is_found_by_what_the_model_saw_and_one_that_it_can_not_bear_is_ready_all_the_same(
    serve, data, tools, tmp_path
):
    environment = models.settings(tmp_path / "model", models.afraid, "Poppy field", "Meadow", "Open sea")
    ana = person(serve(environment).url, "ana")
    white, red, blue = (ready(ana, plain(colour)) for colour in ("white", "red", "blue"))
    until(lambda: found(ana, "poppy") == [red])
    until(lambda: found(ana, "open sea") == [blue])
    assert found(ana, "meadow") == []
    tools(environment)
    until(lambda: " 0 waiting" in say("media", "status", "--data", data).splitlines()[2])
    told = say("media", "status", red, "--data", data)
    assert "status       ready\n" in told
    assert "looked at edition 0" in told
    assert "labels       1 (--personal shows them)" in told
    assert "Poppy" not in told
    assert "label        Poppy field 100%" in say("media", "status", red, "--personal", "--data", data)
    assert "failed at edition 0" in say("media", "status", white, "--data", data)
    assert ana.get(f"/photos/{white}")["status"] == "ready"
    export = [json.loads(line) for line in ana.call("GET", "/me/export").text.splitlines()]
    (seen,) = [
        line["data"] for line in export if line["event_type"] == "photo.labelled.v1" if line["data"]["photo_id"] == red
    ]
    assert [label["name"] for label in seen["labels"]] == ["Poppy field"]

    ana.call("PUT", f"/photos/{red}/edits", json={"rotate": 90}, status=202)
    until(lambda: "looked at edition 1" in say("media", "status", red, "--data", data))


def test_what_was_there_before_the_model_is_looked_at_when_an_operator_says_so(serve, data, tools, tmp_path):
    server = serve()
    ana, ben = person(server.url, "ana"), person(server.url, "ben")
    first, second, white = (ready(ana, plain(colour, shade)) for shade, colour in enumerate(("red", "red", "white")))
    bens = ready(ben, plain("red"))
    assert len(say("media", "status", "--data", data).splitlines()) == 2
    tools(models.settings(tmp_path / "first", models.afraid, "Poppy", "Leaf", "Sky"))
    detect = ("media", "detect", "--rate", "1000", "--data", data)
    assert say(*detect, "--member", "ben") == "1 photos looked at, 0 left as they are, 0 failed\n"
    until(lambda: found(ana, "poppy") == [bens])
    assert say(*detect, code=1) == "2 photos looked at, 0 left as they are, 1 failed\n"
    assert say(*detect, code=1) == "0 photos looked at, 0 left as they are, 1 failed\n"  # what failed is tried again
    until(lambda: found(ana, "poppy") == [bens, second, first])

    tools(models.settings(tmp_path / "second", models.colours, "Rose", "Leaf", "Sky"))
    assert say(*detect, "--missing") == "1 photos looked at, 0 left as they are, 0 failed\n"
    assert say(*detect) == "3 photos looked at, 0 left as they are, 0 failed\n"
    until(lambda: found(ana, "rose") == [bens, white, second, first])
    assert found(ana, "poppy") == []


def test_a_model_that_does_not_fit_is_said_before_anything_is_served(serve, data, tools, tmp_path):
    environment = models.settings(tmp_path / "model", models.colours, "red")
    with pytest.raises(RuntimeError, match="the server ended") as ended:
        serve(environment)
    assert "tells 3 labels apart, but FILMROLL_DETECT_LABELS has 1 lines" in " ".join(str(ended.value).split())
    assert "Traceback" not in str(ended.value)
    tools(environment | {"FILMROLL_DETECT_MODEL": str(tmp_path / "nothing")})
    assert "nothing can't be read: No such file" in complaint("media", "detect", "--data", data)
    tools({"FILMROLL_DETECT_LABELS": ""})
    assert "set FILMROLL_DETECT_MODEL and FILMROLL_DETECT_LABELS" in complaint("media", "detect", "--data", data)
