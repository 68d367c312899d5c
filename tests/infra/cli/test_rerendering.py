"""`filmroll media recipe | render | prune`: another size for photos that are ready, beside a server that goes on."""

import time

import httpx
import pytest

from domain.images import RECIPE
from infra.files.disk import Disk
from infra.recipes import recipe_of
from infra.settings import Settings
from tests.infra.cli.running import complaint, say
from tests.people import Person, jpeg, person
from tests.serving import Server

SIZES = "FILMROLL_MEDIA_SIZES"


@pytest.fixture
def served(data):
    running = Server(data).start()
    yield running
    running.stop()


@pytest.fixture
def sized(monkeypatch):
    """Tools from now on add a size of 300 pixels; gives the recipe's number."""
    monkeypatch.setenv(SIZES, "300")
    monkeypatch.setenv("FILMROLL_MEDIA_WORKERS", "1")
    return recipe_of(Settings()).version


def ready(ana: Person, seed: int) -> str:
    photo = ana.publish(jpeg(seed, (900, 600)))
    assert ana.ready(photo)["status"] == "ready"
    return photo


def names(ana: Person, photo: str) -> set[str]:
    return {variant["name"] for variant in ana.get(f"/photos/{photo}")["image"]["variants"]}


def until(true, deadline_s=30.0):
    end = time.monotonic() + deadline_s
    while not true():
        assert time.monotonic() < end, "not in time"


def render(data, recipe, *more):
    return say("media", "render", "--recipe", recipe, "--rate", "1000", *more, "--data", data)


def test_a_size_more_is_another_recipe_for_whoever_has_the_same_settings(monkeypatch):
    assert recipe_of(Settings()) == RECIPE
    monkeypatch.setenv(SIZES, " 500, 300,300")
    made = recipe_of(Settings())
    assert [size.name for size in made.sizes] == ["thumb", "300", "small", "500", "medium", "feed", "large", "full"]
    monkeypatch.setenv(SIZES, "300,500")
    assert recipe_of(Settings()) == made
    monkeypatch.setenv(SIZES, "300")
    assert len({recipe_of(Settings()).version, made.version, RECIPE.version}) == 3
    assert f"recipe {recipe_of(Settings()).version}: thumb 150, 300 300, small 400" in say("media", "recipe")


def test_a_new_size_comes_beside_the_old_files_which_end_when_they_are_pruned(served, data, sized):
    ana = person(served.url, "ana")
    first, second = ready(ana, 1), ready(ana, 2)
    old = [variant["url"] for variant in ana.get(f"/photos/{first}")["image"]["variants"]]
    assert "300" not in names(ana, first)

    assert render(data, sized) == "2 photos rendered, 0 left as they are, 0 failed\n"
    until(lambda: all("300" in names(ana, photo) for photo in (first, second)))
    sizes = {(each["name"], each["width"], each["height"]) for each in ana.get(f"/photos/{first}")["image"]["variants"]}
    assert ("300", 300, 200) in sizes
    new = [variant["url"] for variant in ana.get(f"/photos/{first}")["image"]["variants"]]
    assert {httpx.get(url).status_code for url in [*old, *new]} == {200}
    assert not set(old) & set(new)

    assert render(data, sized) == "0 photos rendered, 0 left as they are, 0 failed\n"

    assert say("media", "prune", "--recipe", sized, "--data", data) == "former files of 0 photos removed\n"
    assert say("media", "prune", "--recipe", "1", "--data", data) == "former files of 2 photos removed\n"
    assert {httpx.get(url).status_code for url in old} == {404}
    assert {httpx.get(url).status_code for url in new} == {200}
    assert say("media", "prune", "--data", data) == "former files of 0 photos removed\n"


def test_a_run_may_be_for_one_member_or_a_time_and_what_is_left_is_gone_on_with(served, data, sized):
    ana, ben = person(served.url, "ana"), person(served.url, "ben")
    photos = [ready(ana, 1), ready(ben, 2)]
    assert render(data, sized, "--since", "2200-01-01").startswith("0 photos rendered")
    assert render(data, sized, "--member", "ben").startswith("1 photos rendered")
    until(lambda: "300" in names(ben, photos[1]))
    assert "300" not in names(ana, photos[0])
    assert render(data, sized).startswith("1 photos rendered")
    assert "no such member" in complaint("media", "render", "--recipe", sized, "--member", "nobody", "--data", data)


def test_files_that_are_missing_are_made_again_under_the_same_keys(served, data, sized, monkeypatch):
    monkeypatch.delenv(SIZES)
    ana = person(served.url, "ana")
    photo = ready(ana, 1)
    disk = Disk(data / "objects")
    before = disk.list("photos/")
    disk.remove([key for key in before if key.endswith("/small.webp")])
    assert render(data, 1) == "0 photos rendered, 0 left as they are, 0 failed\n"
    assert render(data, 1, "--missing") == "1 photos rendered, 0 left as they are, 0 failed\n"
    assert disk.list("photos/") == before
    assert render(data, 1, "--missing") == "0 photos rendered, 0 left as they are, 0 failed\n"
    assert names(ana, photo)


def test_another_recipe_than_that_of_the_settings_is_refused(served, data, sized):
    said = complaint("media", "render", "--recipe", "1", "--data", data)
    assert f"photos are rendered by recipe {sized} now" in said
