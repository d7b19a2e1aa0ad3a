"""The slope of an edge over depth, against NumPy's weighted fit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from keras_norms.lab.edges.slope import TWO_SIDED, by_seed, fitted, slope
from tests.lab.edges.cells import cell

pytestmark = pytest.mark.once
DEPTHS = (4, 8, 16)


def test_it_is_numpys_weighted_fit():
    draw = np.random.default_rng(3)
    x, sigmas = np.log10([4, 8, 16, 32]), np.array([0.05, 0.1, 0.2, 0.05])
    y = 1 - 1.5 * x + draw.normal(0, sigmas / 100)
    found = fitted(x, y, sigmas, (4, 8, 16, 32))
    line, covariance = np.polyfit(x, y, 1, w=1 / sigmas, cov="unscaled")
    assert found.value == pytest.approx(line[0], rel=1e-10)
    half = TWO_SIDED * math.sqrt(covariance[0, 0])
    assert found.interval == pytest.approx((line[0] - half, line[0] + half))
    assert found.scatter < 0.1


def test_edges_off_the_line_widen_its_interval():
    x, sigmas = np.log10([4, 8, 16, 32]), np.full(4, 0.05)
    y = -x + np.array([0.3, -0.3, -0.3, 0.3])
    found = fitted(x, y, sigmas, (4, 8, 16, 32))
    scaled = np.polyfit(x, y, 1, w=1 / sigmas, cov=True)[1]
    half = (found.interval[1] - found.interval[0]) / 2
    assert half == pytest.approx(TWO_SIDED * math.sqrt(scaled[0, 0]), rel=1e-10)
    assert found.scatter > 3


def test_of_cells_whose_edge_falls_as_the_inverse_of_depth():
    cells = [cell("none", depth, *([4 / depth] * 3)) for depth in DEPTHS]
    edges = [one.alive for one in cells]
    found = slope(DEPTHS, edges)
    assert found.depths == DEPTHS
    assert found.interval[0] < -1 < found.interval[1]
    assert found.value == pytest.approx(-1, abs=0.1)
    flat = slope(DEPTHS, [one.blow_up for one in cells])
    assert flat.interval[0] < 0 < flat.interval[1]
    own = by_seed(DEPTHS, edges)
    assert list(own) == [0, 1, 2]
    assert list(own.values()) == pytest.approx([-1] * 3, abs=0.15)


def test_depths_without_an_edge_are_left_out():
    cells = [cell("none", 4, 1.0, 1.0), cell("none", 8, 0.5, 0.5), cell("none", 16, None, None)]
    edges = [one.alive for one in cells]
    assert slope(DEPTHS, edges).depths == (4, 8)
    assert math.isnan(slope(DEPTHS, edges).scatter)
    alone = slope(DEPTHS[1:], edges[1:])
    assert math.isnan(alone.value)
    assert str(alone) == "–"
    assert by_seed(DEPTHS[1:], edges[1:]) == {}
