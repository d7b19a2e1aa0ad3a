"""Networks at initialization: the machinery against differences, plans walked, pages read back."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest

from benchmarks.labatie2021.powers import ARMS, by_depth, powers
from benchmarks.random_mlp import ACTIVATIONS, RandomMlp
from benchmarks.wei2019 import order_parameters
from benchmarks.wu2021precise import lag as lagging
from benchmarks.yang2019 import growth
from benchmarks.yao2021 import statistics
from keras_norms.lab.discovery import discover
from keras_norms.lab.job import Bench
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.walk import Walk
from tests.lab.pretending import complete

pytestmark = pytest.mark.once

EVERY = discover("benchmarks")
DEPTH = 20


def seeded(job) -> np.random.Generator:
    return np.random.default_rng(job.seed)


def slopes(job):
    rate = {"relu": 1.21, "tanh": 1.1, "linear": 1.0}[job.arguments["activation"]]
    rate = rate if job.arguments["batch"] else 1.0
    return [rate ** (DEPTH - k) * seeded(job).uniform(0.9, 1.1) for k in range(DEPTH)]


def ranges(job):
    return {"range": [1.5, *[0.5] * 5], "first": [1.0] * DEPTH, "last": [2.0] * DEPTH}


def order(job):
    told = order_parameters.recursion(4, 2.0, 0.5, job.arguments["gamma"], centred=True)
    return {name: [1.01 * value for value in values] for name, values in told.items()}


def eigenvalue(job):
    gamma = job.arguments["gamma"]
    return 600.0 + job.seed if gamma is None else 40 * gamma**2 + job.seed / 100


LAST = {
    "BN": [0.0, 0.1, 0.8, 0.1],
    "IN": [0.0, 0.0, 1.0, 0.0],
    "LN": [0.9, 0.0, 0.1, 0.0],
    "GN": [0.8, 0.0, 0.2, 0.0],
}


def parts(job):
    last = LAST.get(job.arguments["arm"], [0.01, 0.0, 0.9, 0.0])
    return [[0.1, 0.1, 0.7, 0.1]] * (DEPTH - 1) + [last]


def blocks(job):
    he = job.arguments["spec"] == "none"
    counted = [1.04, 1.08]
    means = [0.1, 0.7] if he else [0.0, 0.01]
    branch = [1.0, 0.4] if he else [1.0, 1.0]
    return {"variance": counted, "squared_mean": means, "branch": branch, "predicted": counted}


def lag(job):
    moved = 1 + 500 * job.arguments["step"]
    precise = [0.5 / number**0.5 * seeded(job).uniform(0.99, 1.01)
               for number in job.arguments["samples"]]  # fmt: skip
    return {"moving average": 0.012 * moved**3, "precise": precise, "unbiased": 1.001,
            "biased": 0.5}  # fmt: skip


# Experiment -> answers of its computations, and how many of its claims these reproduce.
ANSWERS = {
    "wei2019.correlations": ({"cosines": [0.0, 0.3, 1 / math.pi]}, 1, 1),
    "wei2019.recursion": ({"measured": order}, 3, 4),
    "wei2019.fisher": ({"largest_eigenvalue": eigenvalue}, 3, 4),
    "yang2019.explosion": ({"slopes": slopes}, 3, 3),
    "yang2019.one_step": ({"ranges": ranges}, 6, 6),
    "labatie2021.random_net": ({"by_depth": parts}, 5, 5),
    "brock2021.signal_propagation": ({"by_block": blocks}, 4, 4),
    "yao2021.statistics_error": (
        {"errors": {"BN": [0.5, 0.4], "naive": [0.2, 0.1], "CBN": [0.1, 0.2]}}, 3, 6),
    "wu2021precise.precise_statistics": ({"errors": lag}, 6, 6),
}  # fmt: skip


@pytest.mark.every
@pytest.mark.parametrize("name", ANSWERS)
def test_a_plan_is_walked_published_and_redrawn(name, tmp_path):
    answers, reproduced, claims = ANSWERS[name]
    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(EVERY[name].at("cpu", {}), ledger)
    complete(walk, ledger, answers=answers)
    assert walk.experiment.seeds == 10
    verdicts = [claim.verdict for claim in walk.experiment.claims(walk.found)]
    assert (verdicts.count("reproduced"), len(verdicts)) == (reproduced, claims)
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    page = (tmp_path / "page" / "page.md").read_text()
    assert walk.experiment.title() in page
    assert [*csv.DictReader((tmp_path / "page/claims.csv").open())]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("batch", [False, True])
def test_derivatives_of_a_random_network(batch, activation):
    draw = np.random.default_rng(0)
    network = RandomMlp([5, 7, 6, 3], draw, batch=batch, activation=activation, gamma=1.5)
    x, changes = draw.normal(size=(9, 5)), [draw.normal(size=k.shape) for k in network.kernels]
    layers, h, f = network.forward(x)
    ahead, kernels, step = network.along(layers, h, changes), network.kernels, 1e-6
    sides = []
    for sign in (1, -1):
        pairs = zip(kernels, changes, strict=True)
        network.kernels = [k + sign * step * change for k, change in pairs]
        sides.append(network.forward(x)[2])
    network.kernels = kernels
    np.testing.assert_allclose(ahead, (sides[0] - sides[1]) / (2 * step), atol=1e-6)
    slope = draw.normal(size=f.shape)
    gradients = network.gradients(layers, h, slope)
    total = sum((one * change).sum() for one, change in zip(gradients, changes, strict=True))
    assert total == pytest.approx((slope * ahead).sum(), rel=1e-10)


def test_frozen_statistics_are_constants():
    draw = np.random.default_rng(0)
    network = RandomMlp([4, 5, 2], draw, batch=True, frozen=True)
    layers, _, f = network.forward(draw.normal(size=(6, 4)))
    slope = draw.normal(size=f.shape)
    behind = (slope @ network.kernels[1].T) * layers[0].slope
    np.testing.assert_allclose(network.backward(layers, slope)[0], behind / layers[0].deviation)


def test_overlaps_by_hand():
    own, other = order_parameters.overlaps(np.array([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0]]))
    assert own == pytest.approx((5 + 9 + 1) / 3)
    assert other == pytest.approx((3 + 2 + 0) / 3)


def test_the_recursion_and_its_bound_by_hand():
    told = order_parameters.recursion(3, 2.0, 0.5, 1.0)
    assert told["q"] == [2.5, 1.5]
    assert told["h_xy"] == pytest.approx([0, 1 / (2 * math.pi), 1 / (2 * math.pi)])
    assert told["b"] == pytest.approx([1 / 2.5 / 1.5, 1 / 1.5, 1])
    plain = order_parameters.recursion(2, 2.0, 0.5, None)
    assert plain["h"] == [1.0, 1.25]
    c = 0.2
    arc = math.sqrt(1 - c * c) + c * (math.pi / 2 + math.asin(c))
    assert plain["h_xy"] == pytest.approx([0, 2.5 / (2 * math.pi) * arc])
    assert order_parameters.bound([3, 7], plain) == pytest.approx(7 * plain["h_xy"][1])


def test_the_eigenvalue_is_that_of_the_whole_matrix():
    about = ([4, 6, 6, 2], 2.0, 0.5, 1.3, 8)
    network, x = order_parameters._network(*about, seed=1)
    layers, h, f = network.forward(x)
    rows = [
        np.concatenate([g.ravel() for g in network.gradients(layers, h, one.reshape(f.shape))])
        for one in np.eye(f.size)
    ]
    wanted = np.linalg.eigvalsh(np.array(rows) @ np.array(rows).T / len(x))[-1]
    assert order_parameters.largest_eigenvalue(*about, seed=1) == pytest.approx(wanted, rel=1e-3)


def test_small_networks_are_measured():
    found = order_parameters.measured([30, 200, 200, 200, 4], 2.0, 0.5, None, 20, 4, seed=0)
    told = order_parameters.recursion(4, 2.0, 0.5, None)
    assert found["h"] == pytest.approx(told["h"], rel=0.3)
    cosines = order_parameters.cosines([200] * 4, 32, 0.5, seed=0)
    assert len(cosines) == 4
    assert cosines[0] == pytest.approx(0.5, abs=0.15)
    assert cosines[-1] == pytest.approx(1 / math.pi, abs=0.05)
    norms = growth.slopes(12, 200, 64, True, "relu", seed=0)
    assert 1.1 < (norms[0] / norms[-1]) ** (1 / 11) < 1.35
    spread = growth.ranges(4, 16, 32, 1e-9, 1, Bench(), seed=0)
    assert spread["range"][0] == pytest.approx(spread["range"][1], rel=1e-6)


def test_a_step_of_descent_lowers_the_loss_it_is_of():
    """The kernel's gradient is that of the softmax cross-entropy: the steps change its norms."""
    found = growth.ranges(3, 32, 64, 0.5, 30, Bench(), seed=0)
    assert len(found["range"]) == 31
    assert sum(found["last"]) < sum(found["first"])


def test_expanded_statistics_are_exact_where_weights_stand():
    draw = np.random.default_rng(0)
    h, then, now = draw.normal(size=(6, 3)), *draw.normal(size=(2, 3, 4))
    still = statistics._brought(h, then, then)
    np.testing.assert_allclose(still, statistics._statistics(h, then))
    moved, wanted = statistics._brought(h, then, now), statistics._statistics(h, now)
    np.testing.assert_allclose(moved[0], wanted[0])
    np.testing.assert_allclose(wanted[1] - moved[1], ((h @ (now - then)) ** 2).mean(axis=0))
    errors = statistics.errors(4, 8, 0.03, seed=0)
    assert errors["CBN"][0] < errors["naive"][0] < errors["BN"][0]


def test_moving_averages_of_weights_that_stand_still_are_means():
    still = lagging.errors(32, 0.99, 0.0, [6400], seed=0)
    moving = lagging.errors(32, 0.99, 0.01, [6400], seed=0)
    assert still["precise"] == moving["precise"]
    assert still["precise"][0] < 0.05
    assert moving["moving average"] > 5 * still["moving average"]
    assert 0.9 < still["unbiased"] == 2 * still["biased"] < 1.1


def test_the_parts_of_the_power():
    y = np.random.default_rng(0).normal(0.3, 1.0, (5, 4, 4, 3))
    assert sum(powers(y)) == pytest.approx(np.mean(y**2), rel=1e-12)
    assert powers(np.ones((2, 3, 3, 4))) == pytest.approx([1, 0, 0, 0])
    assert powers(np.array([1.0, -1.0])[:, None, None, None] * np.ones((2, 2, 2, 3)))[1] == 1


@pytest.mark.parametrize("arm", ARMS)
def test_a_small_random_convolutional_network(arm):
    found = np.array(by_depth(arm, 3, 16, 8, seed=0))
    assert found.shape == (3, 4)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=0.01)  # of what is normalized


def test_blocks_of_a_small_normalizer_free_network():
    from benchmarks.brock2021.propagation import by_block

    found = by_block("sws", 8, 8, 4, seed=0)
    assert found["predicted"] == pytest.approx([1.04] * 3)
    assert found["variance"] == pytest.approx(found["predicted"], rel=0.3)
