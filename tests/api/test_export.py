"""Export, tried through the front door: all that one did and nothing of others, each thing once."""

import json
import re
import uuid

import httpx

from tests.people import PASSWORD, Person, jpeg, person

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def exported(who: Person, since: str | None = None) -> tuple[list[dict], str]:
    answer = who.call("GET", "/me/export", params={} if since is None else {"since": since}, status=200)
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()], answer.headers["X-Position"]


def test_everything_that_one_did_is_exported_once(url) -> None:
    ana, ben = (person(url, f"x{uuid.uuid4().hex[:10]}") for _ in range(2))
    photo = ana.publish(jpeg(120), caption="Only mine")
    ana.ready(photo)
    theirs = ben.publish(jpeg(121), caption="Not hers")
    ben.ready(theirs)
    ana.headers["X-Min-Position"] += f",{ben.headers['X-Min-Position']}"
    ana.call("PUT", f"/photos/{theirs}/like", status=200)
    ben.call("PUT", f"/members/{ana.username}/follow", status=200)
    lines, position = exported(ana)
    kinds = [line["event_type"] for line in lines]
    assert {"member.registered.v1", "session.opened.v1", "photo.uploaded.v1", "photo.liked.v1"} <= set(kinds)
    assert "follow.started.v1" not in kinds
    (registered,) = [line["data"] for line in lines if line["event_type"] == "member.registered.v1"]
    assert registered["username"] == ana.username
    assert "Not hers" not in json.dumps(lines)
    assert "hash" not in json.dumps([list(line["data"]) for line in lines if "sha256" not in line["data"]])
    (published,) = [line for line in lines if line["event_type"] == "photo.uploaded.v1"]
    assert published["data"]["caption"] == "Only mine"
    assert all(TIME.fullmatch(line["data"]["at"]) and TIME.fullmatch(line["recorded_at"]) for line in lines)
    assert httpx.get(published["original"]).content == jpeg(120)

    assert exported(ana, position)[0] == []
    ana.call("PATCH", "/me", json={"bio": "New"}, status=200)
    later, _ = exported(ana, position)
    assert [line["event_type"] for line in later] == ["member.profile_changed.v1"]
    ana.call("GET", "/me/export", params={"since": "nonsense"}, status=400)
    assert httpx.get(f"{url}/v1/me/export").status_code == 401
    assert PASSWORD not in json.dumps(lines)
