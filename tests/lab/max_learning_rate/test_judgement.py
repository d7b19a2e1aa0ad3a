"""What counts as trained: more than the commonest label and than luck, by weights and masks."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate import find_max_learning_rate
from keras_norms.lab.max_learning_rate.by_accuracy import LUCK, ByAccuracy
from keras_norms.lab.max_learning_rate.by_loss import ByLoss
from keras_norms.lab.max_learning_rate.labels import Labels

RNG = np.random.default_rng(1)


def judge(model, *batch, loss="sparse_categorical_crossentropy", metrics=()):
    outputs = model(batch[0], training=False)
    labels = Labels.of(loss, metrics, batch, outputs)
    return labels, ByAccuracy(labels, model, [batch])


def answers(*values):
    """A model that gives the same outputs whatever it is asked."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(len(values))])
    model.layers[0].set_weights([np.zeros((1, len(values))), np.array(values)])
    return model


def test_the_bound_is_the_binomial_s_own():
    y = (np.arange(500) < 50).astype("int32")  # a tenth of the labels
    _, judged = judge(answers(0.9, 0.1), np.ones((500, 1), "float32"), y)
    assert (judged.majority, judged.examples) == (0.9, 500)
    # Guesses that always say the commonest label, simulated: as many pass as the level says.
    correct = RNG.binomial(500, 0.9, size=2_000_000) / 500
    assert LUCK / 4 < np.mean(correct > judged.above) <= 1.2 * LUCK
    assert judged.accuracy(answers(0.9, 0.1)) == 0.9
    assert judged.accuracy(answers(0.1, 0.9)) == pytest.approx(0.1)


def test_balanced_labels_are_judged_as_the_lab_does():
    y = np.arange(10_000) % 10
    _, judged = judge(answers(*[0.1] * 10), np.ones((10_000, 1), "float32"), y)
    assert judged.above == pytest.approx(0.2)
    assert not judged.useful(9.0, 1.16)
    assert judged.useful(9.0, 1.15)  # half of ln 10 is 1.151


def test_weights_count():
    y = (np.arange(400) < 100).astype("int32")
    w = np.where(y, 3.0, 1.0).astype("float32")  # which balances the labels
    _, judged = judge(answers(1.0, 0.0), np.ones((400, 1), "float32"), y, w)
    assert judged.majority == pytest.approx(0.5)
    assert judged.examples == 600**2 // (300 * 1 + 100 * 9)
    # Keras's own loss of the best constant answer is what half of is asked for.
    ours = -np.mean(w * np.log(0.5))
    assert judged.useful(9.0, 0.499 * ours)
    assert not judged.useful(9.0, 0.501 * ours)


def test_masked_positions_do_not_count():
    tokens = keras.Input((4,), dtype="int32")
    outputs = keras.layers.Dense(3)(keras.layers.Embedding(3, 2, mask_zero=True)(tokens))
    model = keras.Model(tokens, outputs)
    x = np.array([[1, 2, 0, 0], [2, 1, 1, 0]] * 40)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    _, judged = judge(model, x, x, loss=loss)
    assert judged.majority == pytest.approx(3 / 5)  # of five tokens three are 1; padding is 3 of 8
    said = keras.ops.convert_to_numpy(outputs := model(x)).argmax(-1)
    assert outputs.shape == (80, 4, 3)
    assert judged.accuracy(model) == pytest.approx((said == x)[x > 0].mean())


@pytest.mark.parametrize(("loss", "y", "kind"), [
    ("binary_crossentropy", np.arange(100)[:, None] % 2, "binary"),
    ("categorical_crossentropy", np.eye(2)[np.arange(100) % 2], "one-hot"),
    ("sparse_categorical_crossentropy", np.arange(100)[:, None] % 2, "integers"),
])  # fmt: skip
def test_labels_in_every_form(loss, y, kind):
    model = answers(0.7) if kind == "binary" else answers(0.3, 0.7)
    labels, judged = judge(model, np.ones((100, 1), "float32"), y, loss=loss)
    assert labels.kind == kind
    assert judged.majority == judged.accuracy(model) == 0.5


def test_logits_say_yes_above_zero():
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    y = np.arange(100)[:, None] % 4 > 0
    _, judged = judge(answers(0.2), np.ones((100, 1), "float32"), y.astype("int32"), loss=loss)
    assert judged.accuracy(answers(0.2)) == pytest.approx(0.75)
    assert judged.accuracy(answers(-0.2)) == pytest.approx(0.25)


def test_what_is_no_classifier_is_judged_by_its_loss():
    batch = np.ones((9, 1), "float32"), np.ones((9, 1), "float32")
    assert Labels.of("mse", ("mae",), batch, answers(1.0)(batch[0])) is None
    assert ByLoss().trained(None, 1.0, 0.88) == (True, None)
    assert ByLoss().trained(None, 1.0, 0.89) == (False, None)
    assert ByLoss().useful(1.0, 0.49)


@pytest.mark.parametrize(("y", "said"), [
    (np.zeros(100, "int32"), r"data= gives held-out labels that are all the same"),
    ((np.arange(50) < 5).astype("int32"), r"data= leaves 50 .* validation_data=\(x, y\) of 88 "),
])  # fmt: skip
def test_labels_by_which_nothing_can_be_told(y, said):
    with pytest.raises(BadInput, match=said):
        judge(answers(0.9, 0.1), np.ones((len(y), 1), "float32"), y)


def noisy():
    layers = [keras.layers.Dense(32, "relu"), keras.layers.Dense(2, "softmax")]
    model = keras.Sequential([keras.Input((8,)), *layers])
    model.compile(keras.optimizers.SGD(momentum=0.9), "sparse_categorical_crossentropy")
    return model


def test_noise_does_not_train():
    """Nine labels of ten alike, which a network also memorizes: 160 steps are ten passes."""
    x, y = RNG.normal(size=(640, 8)).astype("float32"), (RNG.random(640) < 0.1).astype("int32")
    found = find_max_learning_rate(
        noisy, (x, y), steps=160, runs=4, seeds=1, low=1e-3, high=1e2, progress=False
    )
    frame = found.frame()
    assert not frame["verdict"].isin(["alive", "useful"]).any()
    assert found.recommendation.rate is None
    assert str(found).startswith("use no rate")
    assert re.search(r"trains up to: none of \d rates trained", str(found))
