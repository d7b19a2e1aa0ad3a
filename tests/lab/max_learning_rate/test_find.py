"""A user's own model: its edges, its runs, and what is refused."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate import find_max_learning_rate
from keras_norms.lab.max_learning_rate.subject import Subject

RNG = np.random.default_rng(0)
CURVATURE = 4.0
# Mean square c (w - 1)^2 of one weight: gradient descent is stable below exactly 2 / (2 c).
LINE = (np.full((64, 1), math.sqrt(CURVATURE), "float32"),) * 2
CLASSES = np.eye(3, dtype="float32")[RNG.integers(3, size=96)]


def one_weight():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    return model


def classifier(optimizer="sgd", metrics=("accuracy",)):
    model = keras.Sequential([keras.layers.Dense(8, "tanh"), keras.layers.Dense(3, "softmax")])
    model.compile(optimizer, "categorical_crossentropy", metrics=list(metrics))
    return model


def find(build=one_weight, data=LINE, **options):
    options = {"seeds": 1, "steps": 40, "progress": False, "low": 1e-3, "high": 1e2} | options
    return find_max_learning_rate(build, data, **options)


def test_a_parabola_blows_up_where_its_curvature_says():
    found = find(runs=20)
    truth = math.log10(1 / CURVATURE)
    assert abs(math.log10(found.blow_up.median) - truth) < 0.1
    (edge,) = found.blow_up.seeds
    low, high = edge.interval()
    assert low < truth < high or abs(edge.median - truth) < 0.06
    assert "trains up to" in str(found)
    frame = found.frame()
    assert (frame["steps"][frame["verdict"] != "blew up"] == 40).all()
    blown = frame[frame["verdict"] == "blew up"]
    assert (blown["learning_rate"] > 1 / CURVATURE).all()
    assert (blown["steps"] < 40).all()


@pytest.mark.full
def test_edges_of_a_classifier_and_its_picture(tmp_path):
    x = CLASSES + 0.1 * RNG.normal(size=CLASSES.shape).astype("float32")
    found = find(classifier, (x, CLASSES), runs=8, seeds=2, low=1e-4, high=1e4)
    assert "on 19 held-out examples" in found.settings["trained"]
    assert set(found.frame()["seed"]) == {0, 1}
    assert 1e-3 < found.useful.median <= found.alive.median < 1e3
    assert found.useful.interval <= found.alive.interval <= found.blow_up.interval
    found.plot(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_a_run_starts_from_its_seed_s_weights_whatever_ran_before():
    data = (CLASSES, CLASSES)
    momentum = keras.optimizers.SGD(momentum=0.9)
    subject = Subject.of(lambda: classifier(momentum), data, None, 32, steps=5, warmup=2)
    first, other = subject.train(0.1, 0, 0), subject.train(0.1, 1, 0)
    subject.train(1e6, 0, 0)
    assert subject.train(0.1, 0, 0) == first != other


def test_an_interrupted_search_goes_on(tmp_path):
    kept = tmp_path / "trials.log"
    calls = []

    def interrupted():
        calls.append(0)
        if len(calls) == 2:  # the second seed's
            raise KeyboardInterrupt
        return one_weight()

    with pytest.raises(KeyboardInterrupt):
        find(interrupted, runs=4, seeds=2, storage=kept)
    before = find(runs=4, storage=kept).frame()
    after = find(runs=4, seeds=2, storage=kept).frame()
    rows, again = ({*frame.itertuples(index=False)} for frame in (before, after))
    assert rows <= again  # and maybe another rate is tried to use with both seeds
    assert {row.seed for row in again} == {0, 1}
    with pytest.raises(BadInput, match=r"steps=7.*made with 40.*study_name"):
        find(runs=4, steps=7, storage=kept)


def uncompiled():
    return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])


def broken():
    raise RuntimeError("no such file")


def function_of_no_step():
    return classifier(keras.optimizers.SGD(lambda: 0.1))


def nan_from_the_start():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", lambda y, p: keras.ops.log(-1.0 - keras.ops.square(p)))
    return model


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"build": broken}, r"build_model\(\) raised RuntimeError: no such file"),
        ({"build": lambda: 3}, r"build_model\(\) gave int; return a keras.Model"),
        ({"build": uncompiled}, r"not compiled; call its\s+compile"),
        ({"build": function_of_no_step, "data": (CLASSES, CLASSES)}, r"is a function.*Schedule"),
        ({"build": nan_from_the_start}, r"loss is nan before any update"),
        ({"data": (np.ones((64, 5), "float32"), LINE[1])}, r"batches of shapes .*do not fit"),
        ({"data": (LINE[0], LINE[1][:9])}, r"lengths \[9, 64\]"),
        ({"data": iter([LINE])}, r"cannot be gone through once for each"),
        ({"data": []}, r"gives no batch"),
        ({"batch_size": 65}, r"batch_size=65 is larger than the 64"),
        ({"low": 1.0, "high": 0.1}, r"low=1.0, high=0.1 is no range"),
        ({"runs": 0}, r"runs=0.*write 1 or more"),
        ({"ramp_steps": -1}, r"ramp_steps=-1.*write 0 or more"),
        ({"steps": 0}, r"steps=0.*write 1 or more"),
        ({"warmup": 40}, r"warmup=40 is not over within steps=40; write 0 to 39"),
        (
            {"build": classifier, "data": (CLASSES, CLASSES), "validation_data": CLASSES},
            r"validation_data= gives batches that are ndarray",
        ),
    ],
)
def test_what_cannot_be(options, said):
    with pytest.raises(BadInput, match=said):
        find(**options)
