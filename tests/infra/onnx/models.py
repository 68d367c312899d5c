"""Tiny models, built where they are needed: they see colours, give boxes, and misbehave when they are told to."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from infra.onnx.spec import Spec

COLOURS = ("red", "green", "blue")
SIDE = 8
FLOAT, INT64, UINT8 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.UINT8
_MEAN = [
    helper.make_node("GlobalAveragePool", ["pictures"], ["pooled"]),
    helper.make_node("Flatten", ["pooled"], ["mean"]),
]


def save(path: Path, nodes, outputs, *, inputs=None, constants=()) -> Path:
    """A model of these nodes; `outputs` and `inputs` are (name, type, shape)."""
    inputs = inputs or [("pictures", FLOAT, ["n", 3, SIDE, SIDE])]
    graph = helper.make_graph(
        list(nodes),
        "tiny",
        [helper.make_tensor_value_info(*each) for each in inputs],
        [helper.make_tensor_value_info(*each) for each in outputs],
        [helper.make_tensor(name, kind, shape, values) for name, kind, shape, values in constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def labels(path: Path, *names: str) -> Path:
    path.write_text("".join(f"{name}\n" for name in names or COLOURS))
    return path


def spec(folder: Path, make=None, *names: str, **more) -> Spec:
    """A model in a folder, and its labels."""
    folder.mkdir(exist_ok=True)
    return Spec((make or colours)(folder / "seer.onnx"), labels(folder / "labels.txt", *names), **more)


def settings(folder: Path, make=None, *names: str) -> dict[str, str]:
    """The same, as a server is told of it."""
    made = spec(folder, make, *names)
    return {"FILMROLL_DETECT_MODEL": str(made.model), "FILMROLL_DETECT_LABELS": str(made.labels)}


def colours(path: Path) -> Path:
    """How red, green and blue a picture is."""
    return save(path, [*_MEAN, helper.make_node("Identity", ["mean"], ["scores"])], [("scores", FLOAT, ["n", 3])])


def colours_of_bytes(path: Path) -> Path:
    """The same, of bytes with the colours last, and of two pictures at a time and no other number."""
    nodes = [
        helper.make_node("Cast", ["pictures"], ["pixels"], to=FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("Div", ["mean", "most"], ["scores"]),
    ]
    return save(
        path,
        nodes,
        [("scores", FLOAT, [2, 3])],
        inputs=[("pictures", UINT8, [2, SIDE, SIDE, 3])],
        constants=[("most", FLOAT, [1], [255.0])],
    )


def _boxes(*box: float):
    """The same box for every picture: nothing times the mean, and that added."""
    constants = [("none", FLOAT, [3, 4], [0.0] * 12), ("box", FLOAT, [4], box), ("second", INT64, [1], [1])]
    nodes = [
        helper.make_node("MatMul", ["mean", "none"], ["zero"]),
        helper.make_node("Add", ["zero", "box"], ["flat"]),
        helper.make_node("Unsqueeze", ["flat", "second"], ["boxes"]),
    ]
    return nodes, constants


def places(path: Path) -> Path:
    """One place a picture, with how red, green and blue it is."""
    nodes, constants = _boxes(0.25, 0.5, 0.75, 1.5)
    scores = helper.make_node("Unsqueeze", ["mean", "second"], ["scores"])
    outputs = [("scores", FLOAT, ["n", 1, 3]), ("boxes", FLOAT, ["n", 1, 4])]
    return save(path, [*_MEAN, *nodes, scores], outputs, constants=constants)


def numbered(path: Path) -> Path:
    """One place a picture, with the number of its colour, and how much of that there is."""
    nodes, constants = _boxes(0.25, 0.5, 0.75, 1.5)
    best = [
        helper.make_node("ReduceMax", ["mean"], ["scores"], axes=[1], keepdims=1),
        helper.make_node("ArgMax", ["mean"], ["classes"], axis=1, keepdims=1),
    ]
    outputs = [("scores", FLOAT, ["n", 1]), ("classes", INT64, ["n", 1]), ("boxes", FLOAT, ["n", 1, 4])]
    return save(path, [*_MEAN, *nodes, *best], outputs, constants=constants)


_WHITE = [
    *_MEAN,
    helper.make_node("ReduceMin", ["mean"], ["whiteness"], axes=[1], keepdims=0),
    helper.make_node("ReduceMax", ["whiteness"], ["whitest"], keepdims=0),
    helper.make_node("Greater", ["whitest", "much"], ["white"]),
    helper.make_node("Cast", ["white"], ["one"], to=INT64),
]
_MUCH = ("much", FLOAT, [], [0.95])


def afraid(path: Path) -> Path:
    """As `colours`, but where one of the pictures is all white it fails."""
    nodes = [
        *_WHITE,
        helper.make_node("Mul", ["one", "far"], ["place"]),
        helper.make_node("Gather", ["some", "place"], ["nothing"]),
        helper.make_node("Add", ["mean", "nothing"], ["scores"]),
    ]
    constants = [_MUCH, ("far", INT64, [], [1000]), ("some", FLOAT, [1], [0.0])]
    return save(path, nodes, [("scores", FLOAT, ["n", 3])], constants=constants)


def brooding(path: Path) -> Path:
    """As `colours`, but over a white picture it broods for ever."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["going_on"]),
            helper.make_node("Sin", ["thought"], ["next_thought"]),
        ],
        "brooding",
        [
            helper.make_tensor_value_info("round", INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("thought", FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("going_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next_thought", FLOAT, []),
        ],
    )
    nodes = [
        *_WHITE,
        helper.make_node("Mul", ["one", "for_ever"], ["rounds"]),
        helper.make_node("Loop", ["rounds", "", "zero"], ["thought"], body=body),
        helper.make_node("Add", ["mean", "thought"], ["scores"]),
    ]
    constants = [_MUCH, ("for_ever", INT64, [], [2**62]), ("zero", FLOAT, [], [0.0])]
    return save(path, nodes, [("scores", FLOAT, ["n", 3])], constants=constants)


def of_text(path: Path) -> Path:
    """Takes no pictures."""
    nodes = [helper.make_node("Identity", ["words"], ["scores"])]
    return save(path, nodes, [("scores", FLOAT, ["n", 3])], inputs=[("words", FLOAT, ["n", 3])])


def of_two(path: Path) -> Path:
    """Takes pictures and something else."""
    inputs = [("pictures", FLOAT, ["n", 3, SIDE, SIDE]), ("sizes", FLOAT, ["n", 3])]
    nodes = [*_MEAN, helper.make_node("Add", ["mean", "sizes"], ["scores"])]
    return save(path, nodes, [("scores", FLOAT, ["n", 3])], inputs=inputs)


def of_doubles(path: Path) -> Path:
    """Takes numbers that pixels are not fed as."""
    inputs = [("doubles", TensorProto.DOUBLE, ["n", 3, SIDE, SIDE])]
    nodes = [helper.make_node("Cast", ["doubles"], ["pictures"], to=FLOAT), *_MEAN]
    return save(path, nodes, [("mean", FLOAT, ["n", 3])], inputs=inputs)


def of_pictures(path: Path) -> Path:
    """Answers with pictures."""
    nodes = [helper.make_node("Identity", ["pictures"], ["others"])]
    return save(path, nodes, [("others", FLOAT, ["n", 3, SIDE, SIDE])])


def of_all_together(path: Path) -> Path:
    """Says of all pictures together what is to be said of each."""
    nodes = [*_MEAN, helper.make_node("ReduceMean", ["mean"], ["scores"], axes=[0], keepdims=1)]
    return save(path, nodes, [("scores", FLOAT, [1, 3])])


def no_model(path: Path) -> Path:
    path.write_text("not a model")
    return path


def nowhere(path: Path) -> Path:
    return path
