"""The computations of the claims of 2020 to 2026 against differences and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.gao2026 import regression
from benchmarks.gilmer2021 import rates as warmed
from benchmarks.kalra2023 import axis as rates
from benchmarks.meterez2023 import gradients
from benchmarks.sohldickstein2024 import line
from benchmarks.wan2020 import rotation
from keras_norms.lab.job import Bench

pytestmark = pytest.mark.once


def differences(loss, at, step=1e-6):
    """The gradient of a scalar function of one array, by central differences."""
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        moved = np.zeros_like(at)
        moved[place] = step
        found[place] = (loss(at + moved) - loss(at - moved)) / (2 * step)
    return found


@pytest.mark.parametrize("arm", gradients.ARMS)
def test_gradients_of_a_deep_linear_network(arm):
    depth, width, examples = 3, 4, 6
    draw = np.random.default_rng(5)
    x = draw.normal(size=(examples, width))
    straight, centred = gradients.ARMS[arm]
    kernels = [
        gradients.orthogonal(draw, width) if straight else draw.normal(size=(width, width))
        for _ in range(depth)
    ]
    slope = draw.normal(size=(examples, width))

    def loss(kernel, place):
        h = x
        for k in range(depth):
            z = h @ (kernel if k == place else kernels[k])
            z = z - z.mean(axis=0) if centred else z
            h = z / np.sqrt((z**2).mean(axis=0))
        return float((h * slope).sum())

    wanted = [np.linalg.norm(differences(lambda k, p=p: loss(k, p), kernels[p]))
              for p in range(depth)]  # fmt: skip
    found = gradients.by_layer(arm, depth, width, examples, seed=5)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert len(gradients.by_layer(arm, 9, width, examples, seed=5, places=3)) == 3


def test_orthogonal_matrices():
    one = gradients.orthogonal(np.random.default_rng(0), 5)
    np.testing.assert_allclose(one @ one.T, np.eye(5), atol=1e-12)


@pytest.mark.parametrize("arm", regression.ARMS)
def test_whitened_regression_is_the_closed_form(arm):
    """The loss is |prediction - target|^2 / 2 in the space of kernels, whatever the inputs."""
    rate, scale, features, examples = 1.7, 0.3, 5, 32
    found = regression.descent(arm, rate, scale, features, examples, 40, seed=3)["losses"]
    draw = np.random.default_rng(3)
    draw.normal(size=(examples, features))
    target, w = (one / np.linalg.norm(one) for one in draw.normal(size=(2, features)))
    alpha, wanted = scale, []
    for _ in range(41):
        length = np.linalg.norm(w)
        unit = w / length
        error = alpha * unit - target if arm == "BN" else w - target
        wanted.append(0.5 * float(error @ error))
        if arm == "BN":
            across = target - (target @ unit) * unit
            w, alpha = w + rate * alpha / length * across, alpha - 0.1 * (alpha - target @ unit)
        else:
            w = w - rate * error
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-14)
    assert len(regression.descent("none", 3.0, scale, features, examples, 400, 3)["losses"]) < 400


def test_critical_rates():
    units = [0.5, 1.0, 30.0, 1000.0]
    found = rates.scan(1, 16, 40, False, units, 5, Bench(), seed=0)
    assert found["highest"][0] == 1
    assert found["highest"][-1] == rates.DIVERGED
    assert found["reduced"] == pytest.approx(1, abs=0.5)
    made_up = {"highest": [1.0, 1.5, 1000.0, 1000.0]}
    assert rates.first_rise(made_up, units) == 1.0
    assert rates.first_divergence(made_up, units) == 30.0
    assert rates.first_rise({"highest": [1.0] * 4}, units) == math.inf


def test_angles_of_steps_across_the_kernel():
    """Without decay a gradient behind BN stands at right angles to the kernel."""
    assert rotation.angle(np.array([1.0, 0.0]), np.array([0.0, 2.0])) == pytest.approx(math.pi / 2)
    found = rotation.rotation(True, 1e-4, 0.0, 0.0, 2.0, 4, 1, Bench(), seed=0)
    across = np.array(found["gradient"]) / np.square(found["norm"])
    np.testing.assert_allclose(found["angle"], np.arctan(1e-4 * across), rtol=1e-6)
    twice = rotation.rotation(True, 1e-4, 0.0, 0.0, 4.0, 1, 1, Bench(), seed=0)
    assert twice["norm"][0] == pytest.approx(2 * found["norm"][0], rel=1e-6)
    assert twice["loss"][0] == pytest.approx(found["loss"][0])


def test_what_the_equilibrium_predicts():
    one = {"angle": [0.1], "gradient": [3.0], "norm": [2.0]}
    found = rotation.over_predicted(one, 0.2, 0.01, 0.9)
    assert found["angle"][0] == pytest.approx(0.1 / math.sqrt(0.004 / 1.9))
    assert found["length"][0] == pytest.approx(2 / (0.2 * 9 / 0.02) ** 0.25)


@pytest.mark.parametrize("arm", line.ARMS)
def test_verdicts_along_a_line_one_rate_after_another(arm):
    width, examples, steps, axis = 3, 4, 30, line.ARMS[arm]
    draw = np.random.default_rng(2)
    x, y = draw.normal(size=(examples, width)), draw.normal(size=(examples, 1))
    first, second = draw.normal(size=(width, width)) / width**0.5, draw.normal(size=(width, 1))

    def loss(weights):
        z = x @ weights[: width * width].reshape(width, width)
        if axis is not None:
            z = z - z.mean(axis=axis - 1, keepdims=True)
            z = z / np.sqrt((z**2).mean(axis=axis - 1, keepdims=True) + line.EPSILON)
        f = np.tanh(z) @ weights[width * width :, None] / width
        return 0.5 * float(((f - y) ** 2).mean())

    tried, wanted = 2.0 ** np.arange(-4, 12), []
    for rate in tried:
        weights = np.concatenate([first.ravel(), second.ravel()])
        limit, bad = line.LARGE * loss(weights), False
        for _ in range(steps - 1):
            weights = weights - width * rate * differences(loss, weights)
            if bad := not loss(weights) < limit:
                break
        wanted.append(bad)
    assert len(set(wanted)) == 2
    found = line.diverges(tried, arm, width, examples, steps, seed=2)
    assert found.tolist() == wanted


def test_a_line_is_refined_around_a_change():
    found = line.zoom("none", 4, 4, 40, 16, 3, 8.0, seed=0)
    assert len(found["changes"]) == len(found["reach"]) == len(found["share"])
    assert found["reach"][1] == pytest.approx(found["reach"][0] / 8)
    assert found["changes"][0] >= 1


@pytest.mark.parametrize("axis", [None, 1, 2])
def test_gradients_of_networks_side_by_side(axis):
    draw = np.random.default_rng(4)
    kernels = [
        draw.normal(size=(2, 3, 4)),
        draw.normal(size=(2, 4, 4)),
        draw.normal(size=(2, 4, 3)),
    ]
    x, labels = draw.normal(size=(1, 5, 3)), draw.integers(3, size=5)

    def loss(kernel, which, place):
        h = x[0]
        for k in range(3):
            z = h @ (kernel if k == place else kernels[k][which])
            if k == 2:
                log = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
                return -float(log[np.arange(5), labels].mean())
            if axis is not None:
                z = z - z.mean(axis=axis - 1, keepdims=True)
                z = z / np.sqrt((z**2).mean(axis=axis - 1, keepdims=True) + warmed.EPSILON)
            h = np.maximum(z, 0)
        return 0.0

    losses, slopes = warmed.descent(kernels, x, np.eye(3)[labels], axis)
    for which in range(2):
        assert losses[which] == pytest.approx(loss(kernels[0][which], which, 0))
        for place in range(3):
            wanted = differences(lambda k, w=which, p=place: loss(k, w, p), kernels[place][which])
            np.testing.assert_allclose(slopes[place][which], wanted, atol=1e-7)


def test_rates_side_by_side_are_those_alone():
    told = {"depth": 2, "width": 8, "steps": 30, "bench": Bench(), "seed": 0}
    both = warmed.last_losses("none", [0.1, 1e4], **told)
    assert both[0] == pytest.approx(warmed.last_losses("none", [0.1], **told)[0])
    assert both[1] == warmed.LARGE
    later = warmed.last_losses("warm-up", [0.1], **told)[0]
    assert later > both[0]  # ten of thirty steps were smaller


def test_variance_behind_blocks_that_add_nothing():
    from benchmarks.kim2025.variance import by_block

    about = {"depth": 2, "width": 8, "context": 6, "texts": 4, "seed": 0}
    for norm in ("pre", "peri", "scaled"):
        nothing, something = by_block(norm, [0.0, 1.0], **about)
        assert nothing[0] == nothing[1] == pytest.approx(2 * 0.02**2, rel=0.5)  # the embeddings
        assert something[1] > 2 * nothing[1]
    for values in by_block("post", [0.5, 1.0], **about):
        assert values == pytest.approx([1.0, 1.0], abs=0.1)
