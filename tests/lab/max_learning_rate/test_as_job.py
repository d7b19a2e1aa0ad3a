"""A search as a job: named on the command line, and read back from what its record holds."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate.as_job import read, rebuilt, search
from studies.max_learning_rate import MaxLearningRate

KINDS = "tests.lab.max_learning_rate.kinds"


def test_what_is_read_back_says_the_same(tmp_path):
    x = np.random.default_rng(0).normal(size=(64, 8)).astype("float32")
    np.savez(tmp_path / "data.npz", x=x, y=x.sum(1, keepdims=True))
    options = {"low": 1e-3, "high": 1e2, "steps": 20, "runs": 3, "seeds": 1, "warmup": 2}
    bench = SimpleNamespace(checkpoints=tmp_path)
    record = search(f"{KINDS}:regression", str(tmp_path / "data.npz"), bench, **options)
    found = rebuilt(json.loads(json.dumps(record)))
    assert str(found) == str(rebuilt(record))
    assert found.recommendation.rate in {row["params"]["learning_rate"] for row in record["rows"]}
    # Interrupted after its last run, it trains no more.
    assert search(f"{KINDS}:regression", str(tmp_path / "data.npz"), bench, **options) == record
    # With other settings it is another search, in the same file.
    other = search(f"{KINDS}:regression", f"{KINDS}:Batches", bench, **options | {"runs": 1})
    assert len(other["rows"]) <= 4
    assert other["rows"] != record["rows"]


def test_a_file_may_hold_weights(tmp_path):
    one = np.ones(3)
    np.savez(tmp_path / "three.npz", x=one, y=one, sample_weight=2 * one)
    np.savez(tmp_path / "less.npz", x=one)
    assert [array.sum() for array in read(str(tmp_path / "three.npz"))] == [3, 3, 6]
    with pytest.raises(BadInput, match=r"validation_data=.*less\.npz.* no file with arrays x and"):
        read(str(tmp_path / "less.npz"), "validation_data")


@pytest.mark.parametrize(("options", "said"), [
    ({"warmup": 20, "steps": 20}, r"warmup.*write fewer than the 20 steps"),
    ({"validation_data": "nothing"}, r"validation_data='nothing' names nothing"),
])  # fmt: skip
def test_options_that_cannot_be(options, said):
    with pytest.raises(BadInput, match=said):
        next(
            MaxLearningRate(model=f"{KINDS}:regression", data=f"{KINDS}:Batches", **options).plan()
        )
