"""`filmroll replay | as-of | why` over an installation, and against what a live server answered at the time."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from projections.catalogue import CATALOGUE
from tests.infra.analysis.worlds import lively
from tests.infra.cli.running import complaint, installation, say
from tests.people import person
from tests.serving import Server

NAMES = [projection.name for projection in CATALOGUE]


@pytest.fixture(scope="module")
def world():
    return lively(5)


@pytest.fixture(scope="module")
def data(tmp_path_factory, world):
    return installation(tmp_path_factory.mktemp("replay") / "data", world, logs=3)


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def positions(data):
    return [line["position"] for line in lines(say("events", "tail", "-n", 1000, "--data", data))]


def test_rows_are_printed_or_kept_in_files(data, tmp_path, world):
    rows = lines(say("replay", "likes", "profiles", "--into", "-", "--data", data))
    assert {(row["row"]["photo_id"], row["row"]["member_id"]) for row in rows if row["table"] == "likes"} == world.likes
    assert sum(row["table"] == "profiles" for row in rows) == len(world.members)
    said = say("replay", *NAMES, "--into", tmp_path / "all", "--data", data)
    assert {path.name for path in (tmp_path / "all").glob("*@1.db")} == {f"{name}@1.db" for name in NAMES}
    assert said == say("replay", *NAMES, "--into", tmp_path / "all", "--data", data)


def test_personal_fields_are_blank_unless_asked_for(data):
    blank = lines(say("replay", "profiles", "--into", "-", "--data", data))
    shown = lines(say("replay", "profiles", "--into", "-", "--personal", "--data", data))
    assert {row["row"]["username"] for row in blank} == {""}
    assert "" not in {row["row"]["username"] for row in shown}
    assert [row["row"]["member_id"] for row in blank] == [row["row"]["member_id"] for row in shown]


def test_a_folder_keeps_to_its_moment(data, tmp_path):
    early, late = positions(data)[5], positions(data)[-1]
    say("replay", "likes", "--until", early, "--into", tmp_path, "--data", data)
    assert "another moment" in complaint("replay", "likes", "--until", late, "--into", tmp_path, "--data", data)
    assert "no event at" in complaint("replay", "likes", "--until", "0:999999", "--into", "-", "--data", data)
    complaint("replay", "nothing", "--into", "-", "--data", data, code=2)


def test_before_the_first_event_there_is_nothing(data):
    assert say("replay", *NAMES, "--until", "2020-01-01", "--into", "-", "--data", data) == ""


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Iterator[tuple]:
    """A server's answers during a random run, each with the time of its asking, and its installation afterwards."""
    server = Server(tmp_path_factory.mktemp("story") / "data").start()
    try:
        yield server.data, *recorded(server.url)
    finally:
        server.stop()


def recorded(url):
    draw = random.Random(7)
    people = [person(url, name) for name in ("ada", "bob", "cyd")]
    photos, answers = [], []
    for turn in range(18):
        who, other = draw.sample(people, 2)
        match turn % 6:
            case 0:
                photo = who.publish(seed=turn, caption=f"turn {turn}", audience=draw.choice(["public", "friends"]))
                who.ready(photo)
                photos.append((who, photo))
            case 1 | 2:
                who.call("PUT" if draw.random() < 0.8 else "DELETE", f"/members/{other.username}/follow")
            case 3:
                who.call("PUT", f"/photos/{draw.choice(photos)[1]}/like")
            case 4:
                who.call("POST", f"/photos/{draw.choice(photos)[1]}/comments", json={"text": "Hm"})
            case 5:
                who, photo = draw.choice(photos)
                who.call("DELETE", f"/photos/{photo}")
        for reader in people:
            reader.headers["X-Min-Position"] = who.headers["X-Min-Position"]
            feed = reader.walk("/feed")
            profile = reader.get(f"/members/{other.username}")
            answers.append((datetime.now(UTC), reader.username, feed, other.username, profile))
    return photos, answers


def without_files(photo):
    return {name: value for name, value in photo.items() if name != "image"}


def test_as_of_is_what_the_api_answered_then(story):
    data, photos, answers = story
    assert any(feed for _, _, feed, _, _ in answers)
    for at, reader, feed, other, profile in random.Random(1).sample(answers, 12):
        then = lines(say("as-of", at.isoformat(), "feed", reader, "--data", data))
        assert list(map(without_files, then)) == list(map(without_files, feed))
        (seen,) = lines(say("as-of", at.isoformat(), "profile", other, "--as", reader, "--data", data))
        assert seen == profile
        for photo in feed[:1]:
            (counts,) = lines(say("as-of", at.isoformat(), "counts", photo["photo_id"], "--data", data))
            assert counts == {name: photo["counts"][name] for name in counts}
    yesterday = (answers[0][0] - timedelta(days=1)).isoformat()
    assert lines(say("as-of", yesterday, "counts", photos[0][1], "--data", data)) == [{"likes": 0, "comments": 0}]


def test_why_agrees_with_every_feed_that_was_answered(story):
    data, photos, answers = story
    at, reader, feed, _, _ = answers[-1]
    shown = {photo["photo_id"] for photo in feed}
    for _, photo in photos:
        said = say("why", reader, photo, "--until", at.isoformat(), "--data", data)
        assert said.startswith(f"{photo} is {'' if photo in shown else 'not '}in the feed of {reader}: ")
        assert all(
            line["event_type"] for line in map(json.loads, (each for each in said.splitlines() if each[0] == "{"))
        )
    assert "there is no such photo" in say("why", reader, "0000000000000", "--data", data)
