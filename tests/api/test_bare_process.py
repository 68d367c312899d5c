"""The API's own process never decodes an image, and where there is an object store, it never carries one either."""

import os
from pathlib import Path

import httpx
import pytest

from infra.stack import control
from tests.counting import CountingWay
from tests.people import Person, jpeg, person
from tests.servers import Servers
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


def carried(pid: int) -> int:
    """The bytes that a process has read and written by files and pipes, and by sockets as its event loop uses them."""
    said = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(said["rchar"]) + int(said["wchar"])


def in_parts(ana: Person, content: bytes) -> str:
    asked = {"filename": "large.jpg", "content_type": "image/jpeg", "size": len(content), "multipart": True}
    upload = ana.call("POST", "/uploads", json=asked, status=201).json()
    rest = content
    for part in upload["parts"]:
        assert httpx.put(part["url"], content=rest[: part["size"]], timeout=60).is_success
        rest = rest[part["size"] :]
    assert rest == b""
    ana.call("POST", f"/uploads/{upload['upload_id']}/complete", json={}, status=200)
    return str(upload["upload_id"])


@pytest.mark.cluster
def test_with_an_object_store_the_api_carries_no_uploads_bytes(stack: Servers, cluster_server: Server) -> None:
    """Another API process of the cluster, whose ways to its clients and to the object store are both counted."""
    minio = stack.need("minio").minio
    with CountingWay(minio) as to_store:
        environment = {
            **control.environment(stack.root),
            **cluster_server.environment,
            "FILMROLL_PROFILE": "cluster",
            "FILMROLL_MINIO_ENDPOINT": to_store.address,
            "FILMROLL_MINIO_PUBLIC_URL": f"http://{minio}",
        }
        server = Server(cluster_server.data, environment=environment).start(deadline_s=120)
        try:
            with CountingWay(server.url.removeprefix("http://")) as to_api:
                url = f"http://{to_api.address}"
                member = person(url, "weighty")
                contents = [jpeg(seed, (900, 600)) + os.urandom(12 << 20) for seed in (1, 2)]
                before, uploaded = carried(server.pid), sum(map(len, contents))
                whole = member.publish(contents[0])
                parts = member.call(
                    "POST", "/photos", json={"upload_id": in_parts(member, contents[1])}, status=202
                ).json()["photo_id"]
                for photo_id, content in zip((whole, parts), contents, strict=True):
                    photo = member.ready(photo_id, 120)
                    assert photo["status"] == "ready"
                    for variant in photo["image"]["variants"]:
                        assert variant["url"].startswith(f"http://{minio}/")
                        assert len(httpx.get(variant["url"]).content) == variant["bytes"]
                    way = member.call("GET", f"/photos/{photo_id}/original", status=302).headers["Location"]
                    assert httpx.get(way, timeout=60).content == content
                assert 0 < to_store.bytes < uploaded / 100
                assert 0 < to_api.bytes < uploaded / 100
                assert 0 < carried(server.pid) - before < uploaded / 10
                assert decoders(server.pid) == set()
        finally:
            server.stop()
