"""Where training diverges: descent against differences and a known limit, the plan walked."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.wei2019 import descent
from benchmarks.wei2019.boundaries import EXPONENTS, boundary, lowest, share
from benchmarks.wei2019.figure2_boundary import LOSSES, Boundary
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.walk import Walk
from tests.lab.pretending import complete

pytestmark = pytest.mark.once


@pytest.mark.parametrize("loss", LOSSES)
def test_the_slope_of_a_loss(loss):
    draw, step = np.random.default_rng(0), 1e-6
    f, along = draw.normal(size=(2, 5, 3))
    y = np.eye(3)[draw.integers(3, size=5)]
    (high, _), (low, _) = (descent.LOSSES[loss](f + s * step * along, y) for s in (1, -1))
    slope = descent.LOSSES[loss](f, y)[1]
    assert (high - low) / (2 * step) == pytest.approx((slope * along).sum(), rel=1e-6)


def test_the_eigenvalue_is_that_of_the_whole_matrix():
    network = descent._network(1.3, 12, seed=0)
    x = np.random.default_rng(1).normal(size=(6, 64))
    layers, h, f = network.forward(x)
    rows = np.array([
        np.concatenate([g.ravel() for g in network.gradients(layers, h, one.reshape(f.shape))])
        for one in np.eye(f.size)
    ])  # fmt: skip
    wanted = np.linalg.eigvalsh(rows @ rows.T / len(x))[-1]
    assert descent._eigenvalue(network, x) == pytest.approx(wanted, rel=1e-3)


def test_descent_lowers_the_loss_below_the_limit_and_diverges_far_above():
    found = descent.around_the_limit("squared error", 1.0, 20, 40, 60, 0.9, [-4.0, -1.0, 2.0], 0)
    assert found["test"][1] < found["test"][0]
    assert found["test"][2] is None
    assert found["limit"] > 0


def test_what_is_read_off_losses():
    tests = [3.0, 2.0, 1.0, 1.5, 2.0, *[None] * 4]
    assert boundary(tests) == pytest.approx((EXPONENTS[4] + EXPONENTS[5]) / 2)
    assert lowest(tests) == EXPONENTS[2]
    assert share([tests, [1.0] * 9], -0.1, 0.4) == 0.75
    assert (boundary([1.0] * 9), boundary([None] * 9)) == (math.inf, -math.inf)


@pytest.mark.parametrize(("first", "said"), [(5, "reproduced"), (8, "not reproduced")])
def test_boundaries_are_judged(tmp_path, first, said):
    def answer(job):
        best = 3 if first == 5 else 6
        tests = [1 + abs(k - best) for k in range(first)] + [None] * (9 - first)
        return {"limit": 0.1, "test": tests}

    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(Boundary(), ledger)
    complete(walk, ledger, answers={"around_the_limit": answer})
    assert {claim.verdict for claim in walk.experiment.claims(walk.found)} == {said}
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    assert "Loss on other digits" in (tmp_path / "page/page.md").read_text()
