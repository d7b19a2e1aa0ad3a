"""The search on five kinds of model and data, and what each of them is refused for."""

from __future__ import annotations

import re

import numpy as np
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate import find_max_learning_rate
from keras_norms.lab.max_learning_rate.user_batches import user_batches
from tests.lab.max_learning_rate import kinds

SMALL = {"runs": 5, "seeds": 1, "steps": 40, "low": 1e-3, "high": 1e3, "progress": False}


@pytest.mark.parametrize("kind", kinds.EACH)
def test_a_rate_is_found(kind):
    build, data = kinds.KINDS[kind]
    found = find_max_learning_rate(build, data(), warmup=4 if kind == "transformer" else 0, **SMALL)
    frame, rate = found.frame(), found.recommendation.rate
    tried = frame[frame["learning_rate"] == rate]
    assert len(tried) == 1
    assert tried["verdict"].isin(["useful", "alive"]).all()
    assert str(found).startswith(f"use {rate:.2g}: ")
    # No rate is printed up to which no run trained, and no edges cross.
    trained = frame["learning_rate"][frame["verdict"].isin(["useful", "alive"])].max()
    (printed,) = re.findall(r"trains up to: (?:at or above )?(\S+)", str(found))
    assert float(printed) <= float(f"{trained:.2g}")
    assert found.up_to("useful") <= found.up_to("alive") <= found.blow_up.values[0]
    assert found.settings["ramp"]["steps"] == 100
    if kind == "transformer":  # a third of whose positions are padding, which has one label
        assert float(found.settings["trained"].split()[-5]) < 0.2


def wrong_weights():
    x, y, _ = kinds.weighted_arrays()
    return x, y, np.ones(7, "float32")


def only_images():
    return kinds.tf_dataset().map(lambda x, y: x)


def exhausted():
    return iter(kinds.loader())


def one_input():
    return {"tokens": kinds.TOKENS}, kinds.TOKENS


@pytest.mark.parametrize(("kind", "data", "said"), [
    ("weighted arrays", wrong_weights, r"data=arrays of lengths \[7, 640\].*equally many examples"),
    ("tf.data", only_images, r"data= gives batches that are .*give \(x, y\)"),
    ("PyDataset", lambda: kinds.Batches(5), r"data=batches of shapes \(\(32, 5\).*do not fit"),
    ("DataLoader", exhausted, r"data=.*Iter cannot be gone through once for each.*DataLoader"),
    ("transformer", one_input, r"data=batches of shapes .*do not fit the model"),
])  # fmt: skip
def test_what_is_refused(kind, data, said):
    with pytest.raises(BadInput, match=said):
        find_max_learning_rate(kinds.KINDS[kind][0], data(), **SMALL)


def test_a_data_set_is_told_that_its_pass_is_over():
    data = kinds.Batches()
    assert len([*user_batches(data, 32).of(0, 40)]) == 40
    assert data.passes == 9  # of ten, the last of which ends with the run
