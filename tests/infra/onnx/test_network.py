"""A model opened: whatever is wrong with it is said at once, and what it says is read as it was meant."""

import sys
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest

from domain.images import Box, Label
from infra.onnx.answers import MOST, Boxed, Classed, labels_in, meaning_of
from infra.onnx.network import open_network
from infra.onnx.spec import Spec, UnfitModel
from tests.infra.onnx import models

RED, TEAL = (255, 0, 0), (0, 204, 204)
ANY = Spec("m", "l")


def shown(*colours):
    """Pictures of one colour each, as large as the tiny models take them."""
    return np.stack([np.full((models.SIDE, models.SIDE, 3), colour, np.uint8) for colour in colours])


@pytest.mark.parametrize("make", [models.colours, models.colours_of_bytes])
def test_a_classifier_says_what_it_is_sure_of_the_surest_first(tmp_path, make):
    network = open_network(models.spec(tmp_path, make))
    red, teal = network.look(shown(RED, TEAL))
    assert red == (Label("red", 1.0, None),)
    assert teal == (Label("green", 0.8, None), Label("blue", 0.8, None))
    assert network.look(shown(TEAL)) == [teal]  # fewer than the model insists on
    assert (network.opened.width, network.opened.height) == (models.SIDE, models.SIDE)
    assert network.opened.batch == (2 if make is models.colours_of_bytes else 8)


@pytest.mark.parametrize("make", [models.places, models.numbered])
def test_a_model_with_boxes_says_where_within_the_picture(tmp_path, make):
    network = open_network(models.spec(tmp_path, make, "", "green", "blue"))
    nothing, green = network.look(shown(RED, (0, 255, 0)))
    assert nothing == ()  # an empty line stands for nothing
    assert green == (Label("green", 1.0, Box(0.25, 0.5, 0.5, 0.5)),)


@pytest.mark.parametrize(
    ("boxes", "box"),
    [("xyxy", Box(0.25, 0.5, 0.5, 0.5)), ("yxyx", Box(0.5, 0.25, 0.5, 0.5)), ("cxcywh", Box(0.0, 0.0, 0.625, 1.0))],
)
def test_boxes_are_read_as_the_settings_say(tmp_path, boxes, box):
    ((label,),) = open_network(models.spec(tmp_path, models.places, boxes=boxes)).look(shown(RED))
    assert label.box == box


@pytest.mark.parametrize(
    ("pixels", "red", "grey"),
    [("unit", 1.0, 0.2), ("signed", 1.0, -0.6), ("imagenet", (1 - 0.485) / 0.229, (0.2 - 0.485) / 0.229)],
)
def test_pixels_are_scaled_as_the_settings_say(tmp_path, pixels, red, grey):
    network = open_network(models.spec(tmp_path, pixels=pixels, confidence=0.0))
    fed = network._fed(shown(RED, (51, 51, 51)))
    assert (fed.shape, fed.dtype) == ((2, 3, models.SIDE, models.SIDE), np.float32)
    assert fed[:, 0, 0, 0] == pytest.approx([red, grey], abs=1e-5)
    assert network.look(shown(RED))


@pytest.mark.parametrize(
    ("shapes", "meaning"),
    [
        ({"probabilities": (2, 1000)}, Classed("probabilities")),
        ({"pooled": (2, 1000, 1, 1)}, Classed("pooled")),
        ({"logits": (2, 100, 92), "pred_boxes": (2, 100, 4)}, Boxed("pred_boxes", "logits")),
        ({"logits": (2, 100, 4), "pred_boxes": (2, 100, 4)}, Boxed("pred_boxes", "logits")),
        (
            {
                "num_detections": (2,),
                "detection_boxes": (2, 0, 4),
                "detection_scores": (2, 0),
                "detection_classes": (2, 0),
            },
            Boxed("detection_boxes", "detection_scores", "detection_classes"),
        ),
        ({"output0": (2, 84, 8400)}, None),
        ({"boxes": (2, 100, 4)}, None),
        ({"boxes": (2, 100, 4), "one": (2, 100), "other": (2, 100)}, None),
        ({"scores": (2, 10), "features": (2, 512)}, None),
        ({"one": ()}, None),
    ],
)
def test_outputs_are_told_apart_by_their_shapes_and_names(shapes, meaning):
    answers = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    if meaning is None:
        with pytest.raises(UnfitModel, match="the model answers with"):
            meaning_of(answers)
    else:
        assert meaning_of(answers) == meaning


def test_scores_become_probabilities_as_the_settings_say():
    answers = {"s": np.array([[2.0, 2.0, 0.0]])}

    def sure(scores):
        found = labels_in(answers, Classed("s"), ("a", "b", "c"), Spec("m", "l", scores=scores, confidence=0.45), 0)
        return {label.name: label.confidence for label in found}

    assert sure("plain") == {"a": 1.0, "b": 1.0}  # never surer than sure
    assert sure("softmax") == pytest.approx({"a": 0.4683, "b": 0.4683})
    assert sure("sigmoid") == pytest.approx({"a": 0.8808, "b": 0.8808, "c": 0.5})


def test_what_is_no_answer_is_refused_and_there_are_never_too_many():
    with pytest.raises(ValueError, match="no numbers"):
        labels_in({"s": np.array([[np.nan, 0.5]])}, Classed("s"), ("a", "b"), ANY, 0)
    boxed = {"b": np.zeros((1, 1, 4)), "s": np.array([[0.9]]), "n": np.array([[7]])}
    with pytest.raises(ValueError, match="label 7, and there are 2"):
        labels_in(boxed, Boxed("b", "s", "n"), ("a", "b"), ANY, 0)
    many = {"b": np.full((1, 99, 4), np.nan), "s": np.linspace(0.6, 0.9, 99).reshape(1, 99, 1)}
    found = labels_in(many, Boxed("b", "s"), ("a",), ANY, 0)
    assert (len(found), found[0].confidence, found[0].box) == (MOST, 0.9, Box(0.0, 0.0, 0.0, 0.0))
    none = {"b": np.zeros((1, 0, 4)), "s": np.zeros((1, 0, 1))}
    assert labels_in(none, Boxed("b", "s"), ("a",), ANY, 0) == ()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (models.nowhere, "FILMROLL_DETECT_MODEL: .*seer.onnx can't be read: No such file"),
        (models.no_model, "seer.onnx is no model that ONNX Runtime can open"),
        (models.of_text, r"takes input of the shape \['n', 3\]; one input of pictures"),
        (models.of_two, r"takes 2 inputs \(pictures, sizes\)"),
        (models.of_doubles, r"takes tensor\(double\)"),
        (models.of_pictures, r"answers with others \[2, 3, 8, 8\]; scores \[batch, labels\]"),
        (models.of_all_together, "answers for 1 pictures where it is shown 2"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_model_that_can_not_be_used_is_refused_with_the_reason(tmp_path, make, said):
    with pytest.raises(UnfitModel, match=said):
        open_network(models.spec(tmp_path, make))


@pytest.mark.parametrize("make", [models.colours, models.places])
def test_labels_must_be_as_many_as_the_model_tells_apart(tmp_path, make):
    with pytest.raises(UnfitModel, match="tells 3 labels apart, but FILMROLL_DETECT_LABELS has 2 lines"):
        open_network(models.spec(tmp_path, make, "red", "green"))


@pytest.mark.parametrize(
    ("content", "said"), [(None, "labels.txt can't be read"), (b"\n\n", "holds no label"), (b"\xff\xfe", "UTF-8")]
)
def test_labels_must_be_there_and_be_text(tmp_path, content, said):
    made = models.spec(tmp_path)
    made.labels.unlink()
    if content is not None:
        made.labels.write_bytes(content)
    with pytest.raises(UnfitModel, match=f"FILMROLL_DETECT_LABELS: .*{said}"):
        open_network(made)


def test_without_onnx_runtime_it_is_said_what_to_install(tmp_path, monkeypatch):
    made = models.spec(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UnfitModel, match=r"ONNX Runtime is not installed: pip install 'filmroll\[detect\]'"):
        open_network(made)


@pytest.mark.parametrize("gpu", [True, False])
def test_a_gpu_is_used_where_onnx_runtime_has_one_and_the_processor_where_not(tmp_path, monkeypatch, gpu):
    asked = []

    def session(path, options, providers):
        asked.extend(providers)
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    available = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    fake = SimpleNamespace(
        SessionOptions=onnxruntime.SessionOptions,
        InferenceSession=session,
        get_available_providers=lambda: available if gpu else available[2:],
    )
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)
    assert open_network(models.spec(tmp_path)).look(shown(RED))
    assert asked == (available[1:] if gpu else available[2:])


def test_the_version_is_that_of_all_that_bears_on_what_is_said(tmp_path):
    first = open_network(models.spec(tmp_path / "a")).opened.model
    assert open_network(models.spec(tmp_path / "b", batch=3)).opened.model == first
    assert first.name == "seer"
    others = [
        models.spec(tmp_path / "c", None, "rouge", "vert", "bleu"),
        models.spec(tmp_path / "d", models.places),
        models.spec(tmp_path / "e", confidence=0.4),
        models.spec(tmp_path / "f", pixels="bytes"),
    ]
    versions = {open_network(each).opened.model.version for each in others}
    assert len(versions | {first.version}) == 5
