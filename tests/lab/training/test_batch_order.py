"""Which examples a step sees."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training.batch_order import batch_indices, class_batch_indices

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


LABELS = np.repeat(np.arange(5), [7, 8, 9, 10, 11])


def test_each_batch_has_as_many_examples_of_each_of_its_classes():
    indices = class_batch_indices(LABELS, 6, 200, 0, 2)
    assert indices.shape == (200, 6)
    assert indices.dtype == np.int32
    for one in indices:
        _, counts = np.unique(LABELS[one], return_counts=True)
        assert counts.tolist() == [3, 3]
        assert len(set(one.tolist())) == 6
    # 200 draws of 2 of 5 classes: 80 a class, with a deviation of sqrt(200 * 0.4 * 0.6) = 7
    np.testing.assert_allclose(np.bincount(LABELS[indices[:, ::3]].ravel()), 80, atol=5 * 7)


def test_the_examples_of_a_class_come_once_before_any_comes_again():
    indices = class_batch_indices(LABELS, 4, 300, 0, 4).ravel()
    for label, count in enumerate(np.bincount(LABELS)):
        of_class = indices[LABELS[indices] == label]
        rounds = of_class[: len(of_class) // count * count].reshape(-1, count)
        assert len(rounds) > 10
        assert all(sorted(one) == np.flatnonzero(label == LABELS).tolist() for one in rounds)


def test_batches_of_few_classes_are_of_the_seed_alone():
    first = class_batch_indices(LABELS, 6, 20, 0, 2)
    np.testing.assert_array_equal(first[:3], class_batch_indices(LABELS, 6, 3, 0, 2))
    assert not np.array_equal(first, class_batch_indices(LABELS, 6, 20, 1, 2))


@pytest.mark.parametrize(("batch", "classes"), [(6, 4), (6, 6), (16, 2), (0, 2)])
def test_batches_that_classes_cannot_fill(batch: int, classes: int):
    with pytest.raises(BadInput, match=f"batch_classes={classes} of data with batch={batch}"):
        class_batch_indices(LABELS, batch, 1, 0, classes)
