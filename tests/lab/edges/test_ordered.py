"""The ordered posterior by cumulative sums, against a sum over every combination of edges."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from keras_norms.lab.edges.ordered import around, ordered, within
from keras_norms.lab.edges.prior import NARROWEST, NO_WINDOW, Prior, flat_windows
from keras_norms.lab.edges.verdict_noise import PER_DECADE, SCALE_PRIOR, SCALES, Range

pytestmark = pytest.mark.once

SHORT = Range(-0.25, 0.2)  # few enough thresholds to go through all combinations


def by_hand(prior: Prior, scale: int, parts: dict) -> dict[str, np.ndarray]:
    """Unnormalized sums over blow-up edge, window and useful window, one at a time."""
    count = len(prior.blow_up)
    found = {name: np.zeros((count, count)) for name in ("alive", "useful", "alive_blow_up")}
    found |= {"no_alive": 0.0, "no_useful": 0.0, "useful_alive": np.zeros((count, count))}
    pairs = list(itertools.product(range(count), repeat=2))
    for top in range(count):
        edge = SCALE_PRIOR[scale] * prior.blow_up[top] * parts["blow_up"][scale, top]
        windows = {
            (low, a): prior.alive[low, a] * prior.gap[a, top]
            for low, a in pairs
            if a <= top and prior.alive[low, a]
        }
        none = prior.no_alive if windows else 1.0
        weight = edge * none * parts["no_alive"] * parts["no_useful"]
        found["no_alive"] += weight
        found["no_useful"] += weight
        found["alive_blow_up"][0, top] += weight
        found["useful_alive"][0, 0] += weight
        for (low, a), share in windows.items():
            given = share / sum(windows.values()) * (1 - prior.no_alive)
            of_window = edge * given * parts["alive"][scale, low, a]
            inside = {
                (m, u): prior.useful[m, u] for m, u in pairs if low <= m and u <= a
                and prior.useful[m, u]
            }  # fmt: skip
            none = prior.no_useful if inside else 1.0
            weights = {None: of_window * none * parts["no_useful"]}
            for (m, u), share_inside in inside.items():
                given = share_inside / sum(inside.values()) * (1 - prior.no_useful)
                weights[m, u] = of_window * given * parts["useful"][scale, m, u]
            for useful, weight in weights.items():
                found["alive"][low, a] += weight
                found["alive_blow_up"][a, top] += weight
                if useful is None:
                    found["no_useful"] += weight
                    found["useful_alive"][0, a] += weight
                else:
                    found["useful"][useful] += weight
                    found["useful_alive"][useful[1], a] += weight
    return found


def test_it_is_the_sum_over_every_combination():
    draw, prior = np.random.default_rng(0), Prior.flat(SHORT)
    count = len(SHORT.thresholds)
    shapes = {"blow_up": (count,), "alive": (count, count), "useful": (count, count)}
    parts = {name: draw.random((len(SCALES), *shape)) for name, shape in shapes.items()}
    parts |= {"no_alive": 0.3, "no_useful": 0.6}
    found = ordered(prior, **parts)
    expected = [by_hand(prior, scale, parts) for scale in range(len(SCALES))]
    total = sum(each["alive_blow_up"].sum() for each in expected)
    for scale, each in enumerate(expected):
        for name, value in each.items():
            np.testing.assert_allclose(getattr(found, name)[scale], value / total, atol=1e-12)


def test_sums_over_windows():
    weights = np.random.default_rng(1).random((4, 4))
    assert within(weights)[1, 2] == pytest.approx(weights[1:, :3].sum())
    assert around(weights)[1, 2] == pytest.approx(weights[:2, 2:].sum())


def test_the_prior_has_no_narrow_window_and_as_much_without_one_as_it_says():
    range = Range(-3, 1)
    windows = flat_windows(range)
    lower, upper = np.nonzero(windows[1:-1, 1:-1])
    assert (upper - lower).min() == round(NARROWEST * PER_DECADE)
    assert windows.sum() == pytest.approx(1)
    # Every upper edge inside that leaves room is as likely as any other.
    np.testing.assert_allclose(windows.sum(0)[1:-1], windows.sum(0)[1])
    assert Prior.flat(range).no_alive == NO_WINDOW
