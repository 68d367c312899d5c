"""The API's own process never decodes an image: it has no decoder in its memory, whatever it has served."""

from pathlib import Path

import httpx

from tests.people import jpeg, person
from tests.serving import Server

DECODERS = ("libvips", "_imaging", "libheif", "libjpeg", "libwebp", "libpng", "_pyvips", "_libvips")


def loaded(pid: int) -> set[str]:
    """The names of the libraries that a process has in its memory."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {Path(line.split(maxsplit=5)[5]).name for line in lines if len(line.split(maxsplit=5)) == 6}


def decoders(pid: int) -> set[str]:
    return {name for name in loaded(pid) if any(known in name for known in DECODERS)}


def children(pid: int) -> list[int]:
    """All processes below one."""
    found = [
        int(each) for task in Path(f"/proc/{pid}/task").iterdir() for each in (task / "children").read_text().split()
    ]
    return [*found, *(below for child in found for below in children(child))]


def test_the_api_has_no_decoder_while_its_workers_do(data):
    server = Server(data).start()
    try:
        ana = person(server.url, "ana")
        photo = ana.ready(ana.publish(jpeg(1, (900, 600))))
        assert photo["status"] == "ready"
        assert {httpx.get(variant["url"]).status_code for variant in photo["image"]["variants"]} == {200}
        upload = ana.upload(jpeg(2))
        assert ana.call("PUT", "/me/avatar", json={"upload_id": upload}).is_success
        ana.ready(ana.publish(b"text that is named for a picture"))
        assert decoders(server.pid) == set()
        assert any(decoders(child) for child in children(server.pid))
    finally:
        server.stop()
