"""Which examples a step sees."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.lab.training.batch_order import batch_indices

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("examples", "batch", "steps"), [(50, 12, 9), (48, 12, 4), (7, 7, 3), (100, 1, 5), (13, 5, 1)]
)
def test_an_epoch_sees_no_example_twice(examples: int, batch: int, steps: int):
    indices = batch_indices(examples, batch, steps, 0)
    assert indices.shape == (steps, batch)
    assert indices.dtype == np.int32
    an_epoch = examples // batch
    for start in range(0, steps, an_epoch):
        seen = indices[start : start + an_epoch].ravel()
        assert len(set(seen.tolist())) == len(seen)
        assert 0 <= seen.min() <= seen.max() < examples


def test_an_epoch_sees_every_example_where_batches_fit():
    assert sorted(batch_indices(48, 12, 4, 0).ravel()) == list(range(48))


def test_fixed_batches_come_again_in_another_order():
    first, second = batch_indices(50, 12, 8, 0, reshuffle=False).reshape(2, 4, 12)
    assert not np.array_equal(first, second)
    assert {tuple(batch) for batch in first} == {tuple(batch) for batch in second}
    assert len(set(first.ravel())) == 48


def test_epochs_and_seeds_differ_and_nothing_else_does():
    first = batch_indices(48, 12, 8, 0)
    assert not np.array_equal(first[:4], first[4:])
    assert not np.array_equal(first, batch_indices(48, 12, 8, 1))
    np.testing.assert_array_equal(first, batch_indices(48, 12, 8, 0))
    np.testing.assert_array_equal(first[:3], batch_indices(48, 12, 3, 0))


def test_every_example_is_as_likely():
    counts = np.bincount(batch_indices(20, 3, 6 * 2000, 0).ravel(), minlength=20)
    # 18 of 20 an epoch, 2000 epochs: 1800 with a deviation of sqrt(2000 * 0.9 * 0.1) = 13.4
    np.testing.assert_allclose(counts, 1800, atol=5 * 13.4)
