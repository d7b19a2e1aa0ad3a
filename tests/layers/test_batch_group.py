"""BatchGroupNormalization: the suite, its limits, its memory."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from keras_norms.layers.batch_group import BatchGroupNormalization
from tests.conformance.case import SHAPE, draw, relative
from tests.gradients import MODES, array, double, program, randomize, state
from tests.oracles.batch import batch, moving
from tests.oracles.batch_group import batch_group, statistics
from tests.oracles.group import group
from tests.suite import Case, NormalizerSuite


class TestBatchGroupNormalization(NormalizerSuite):
    case = Case(
        layer=BatchGroupNormalization,
        oracle=batch_group,
        examples=(
            ({"groups": 2}, (5, 4)),
            ({"groups": 4}, (3, 4)),
            ({"groups": 1, "epsilon": 0.1}, (3, 5, 4)),
            ({"groups": 6}, (2, 3, 2, 4)),
            ({"groups": 8, "axis": 1}, (3, 4, 2, 2)),
            ({"groups": 24}, (3, 3, 2, 4)),
            ({"groups": 3, "axis": 2}, (3, 2, 3, 4)),
            ({"groups": 3}, (2, 2, 2, 2, 3)),
        ),
        settings={"groups": 2},
        refusals=(
            ({"groups": 0}, "groups 0"),
            ({"groups": 1.5}, "groups 1.5"),
            ({"groups": 3}, "groups 3 20"),
            ({"momentum": 1.5}, "momentum 1.5"),
            ({"axis": 0}, "axis 0"),
        ),
        batch_dependent=True,
    )

    def test_any_mean_with_channels_far_apart(self):
        """One mean and variance for channels around -1e4 and 1e4."""
        x = draw(SHAPE) + np.array([-1e4, 1e4, 0, 5e3], "float32")
        got = array(self.case.make()(x, training=True))
        assert relative(got, batch_group(x.astype("float64"), groups=2)) <= 2e-5


IMAGES = (3, 4, 5, 6)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("groups", "shape", "wanted"),
    [
        (1, IMAGES, lambda x: (x - x.mean()) / np.sqrt(x.var() + 1e-3)),
        (6, IMAGES, batch),
        (1, (1, 4, 5, 6), lambda x: group(x, groups=1)),
        (3, (1, 4, 5, 6), lambda x: group(x, groups=3)),
        (120, IMAGES, lambda x: batch(x.reshape(3, -1)).reshape(IMAGES)),
    ],
)
def test_bgn20_limits(groups, shape, wanted, mode):
    """All values; a channel each; one example, aligned groups; one value an example each."""
    with double():
        x = draw(shape).astype("float64")
        layer = BatchGroupNormalization(groups, dtype="float64")
        got = program(layer, mode, training=True)(x, None).output
        np.testing.assert_allclose(got, wanted(x), atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("groups", [1, 3, 8, 120])
def test_the_memory_is_of_groups(groups, mode):
    batches = [draw(IMAGES, seed, mean=seed) for seed in range(3)]
    layer = BatchGroupNormalization(groups, momentum=0.7)
    layer.build(IMAGES)
    step = program(layer, mode, training=True)
    for x in batches:
        step(x, None)
    means, variances = zip(*(statistics(x.astype("float64"), groups) for x in batches), strict=True)
    kept = state(layer)
    assert kept["moving_mean"].shape == kept["moving_variance"].shape == (groups,)
    np.testing.assert_allclose(kept["moving_mean"], moving(means, 0.7, 0.0), atol=1e-5)
    np.testing.assert_allclose(kept["moving_variance"], moving(variances, 0.7, 1.0), atol=1e-5)
    weights, x = randomize(layer), batches[0].astype("float64")
    row = np.moveaxis(x, -1, 1).reshape(3, groups, -1)
    deviation = np.sqrt(moving(variances, 0.7, 1.0) + 1e-3)
    row = (row - moving(means, 0.7, 0.0)[:, None]) / deviation[:, None]
    wanted = np.moveaxis(row.reshape(3, 6, 4, 5), 1, -1) * weights["gamma"] + weights["beta"]
    got = program(layer, mode, training=False)(batches[0], None).output
    np.testing.assert_allclose(got, wanted, atol=2e-5)


def test_sizes_that_are_not_known():
    """Groups of whole channels do for any size; others need it."""
    assert BatchGroupNormalization(2)(keras.Input((None, None, 6))).shape[-1] == 6
    with pytest.raises(ValueError, match="groups") as error:
        BatchGroupNormalization(12)(keras.Input((None, 4, 6)))
    assert "6 channels" in str(error.value)
    assert BatchGroupNormalization(12)(keras.Input((4, 4, 6))).shape[-1] == 6
