"""The committed reference of events is what the code says now."""

import json
from pathlib import Path

import domain.events
from domain.events import EVENT_TYPES
from domain.wire import UPCASTERS
from infra.analysis import reference
from projections.catalogue import CATALOGUE

HERE = Path(domain.events.__file__).parent


def test_the_committed_reference_is_current():
    remedy = "run 'filmroll events catalogue --write domain/events' and commit what it writes"
    assert (HERE / reference.MARKDOWN).read_text() == reference.markdown(CATALOGUE), remedy
    assert (HERE / reference.SCHEMA).read_text() == reference.schema(), remedy


def test_every_event_and_every_handler_is_in_it():
    text = reference.markdown(CATALOGUE)
    sections = {part.partition("\n")[0]: part for part in text.split("\n## ")}
    for name, known in EVENT_TYPES.items():
        assert known.cls.__name__ in sections[name]
        for projection in CATALOGUE:
            handled = sections[name].partition("handled by: ")[2].partition("\n")[0]
            assert (f"`{projection.name}`" in handled) == (known.cls in projection.handles)
    assert json.loads(reference.schema())["$defs"].keys() == EVENT_TYPES.keys()


def test_older_versions_are_listed(monkeypatch):
    monkeypatch.setitem(UPCASTERS, "photo.liked.v0", lambda wire: ("photo.liked.v1", wire))
    assert reference.versions("photo.liked.v1") == ["photo.liked.v0", "photo.liked.v1"]
    assert reference.versions("photo.unliked.v1") == ["photo.unliked.v1"]
