"""What a model makes of a photo: each version of it once at each edition."""

import pytest

from domain import detection
from domain.detection import NO_DETECTION, Model, evolve
from domain.events import (
    PhotoDetectionAsked,
    PhotoDetectionFailed,
    PhotoEdited,
    PhotoErased,
    PhotoLabelled,
    PhotoProcessed,
    PhotoRendered,
)
from domain.images import NO_EDITS, Box, Label
from tests.domain.test_photos import FACTS, OF, RENDITION, uploaded
from tests.given import NOON, Given, later

SEER = Model("seer", "1")
BOAT = (Label("boat", 0.9, Box(0.1, 0.2, 0.3, 0.4)), Label("sea", 0.5, None))
processed = PhotoProcessed(at=NOON, **OF, audience="public", **FACTS)
asked = PhotoDetectionAsked(at=NOON, **OF)
edited = PhotoEdited(at=NOON, **OF, edition=1, edits=NO_EDITS)
shown = PhotoRendered(at=NOON, **OF, audience="public", edition=1, rendition=RENDITION, likeness=None)


def labelled(model=SEER, edition=0, labels=BOAT, at=NOON):
    by = {"model": model.name, "model_version": model.version, "edition": edition}
    return PhotoLabelled(at=at, **OF, **by, labels=labels)


def failed(model=SEER, edition=0, at=NOON):
    by = {"model": model.name, "model_version": model.version, "edition": edition}
    return PhotoDetectionFailed(at=at, **OF, **by, code="c", detail="d")


def given(*events):
    return Given(evolve, NO_DETECTION, (uploaded, *events))


def test_a_model_labels_an_edition_once_and_another_version_does_so_again():
    done = given(processed, asked).when(detection.label, SEER, 0, BOAT, NOON).then(labelled())
    done.when(detection.label, SEER, 0, (), later(hours=1)).then_nothing()
    assert not detection.due(done.state, SEER)
    newer = Model("seer", "2")
    again = done.when(detection.label, newer, 0, (), NOON).then(labelled(newer, labels=()))
    assert (again.state.by, again.state.labels) == (newer, ())


def test_another_edition_is_looked_at_anew_and_what_was_seen_of_the_former_is_nothing():
    done = given(processed, labelled(), edited)
    assert not detection.due(done.state, SEER)  # it is still shown as it was
    rendered = given(processed, labelled(), edited, shown)
    assert detection.due(rendered.state, SEER)
    rendered.when(detection.label, SEER, 0, BOAT, NOON).then_nothing()
    rendered.when(detection.label, SEER, 1, BOAT, NOON).then(labelled(edition=1))


def test_a_failure_ends_the_wish_and_is_recorded_again_only_where_it_was_asked_again():
    done = given(processed, asked).when(detection.fail, SEER, 0, "c", "d", NOON).then(failed())
    assert not done.state.asked
    done.when(detection.fail, SEER, 0, "c", "d", NOON).then_nothing()
    assert detection.due(done.state, SEER)
    done.when(detection.label, SEER, 0, BOAT, NOON).then(labelled())
    given(processed, failed(), asked).when(detection.fail, SEER, 0, "c", "d", NOON).then(failed())


@pytest.mark.parametrize("events", [(), (processed, PhotoErased(at=NOON, **OF)), (processed, labelled())])
def test_there_is_nothing_to_say_of_a_photo_that_is_not_ready_or_gone_or_done(events):
    given(*events).when(detection.label, SEER, 0, BOAT, NOON).then_nothing()
    given(*events).when(detection.fail, SEER, 0, "c", "d", NOON).then_nothing()


def test_it_is_asked_for_each_picture_that_is_shown_and_not_for_the_same_in_other_files():
    photo = given(processed).state.photo
    assert detection.asking(photo, [processed], NOON) == [processed, asked]
    assert detection.asking(photo, [shown], NOON) == [shown, asked]
    again = given(processed, edited, shown).state.photo
    assert detection.asking(again, [shown], NOON) == [shown]
