"""Quantities pair their seeds and remember their formula; an inequality decides what it may."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keras_norms.lab.claim import NO_POWER, Claim, rows
from keras_norms.lab.errors import BadInput
from keras_norms.lab.found import Group
from keras_norms.lab.inequality import all_of, at_least
from keras_norms.lab.job import Computation
from keras_norms.lab.quantity import Quantity, exact
from keras_norms.lab.statistics import Finding

pytestmark = pytest.mark.once
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)
SEEDS = st.dictionaries(st.integers(0, 50), st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=9)


def quantity(name: str, *values: float, **options) -> Quantity:
    return Quantity(name, dict(enumerate(values, 10)), **options)


@given(SEEDS)
def test_arithmetic_is_that_of_the_seeds(pairs):
    assume(all(y for _, y in pairs.values()))
    a = Quantity("a", {seed: pair[0] for seed, pair in pairs.items()})
    b = Quantity("b", {seed: pair[1] for seed, pair in pairs.items()})
    for seed, (x, y) in pairs.items():
        assert (a + b).values[seed] == x + y
        assert (2 * (a - b)).values[seed] == 2 * (x - y)
        assert abs(a).values[seed] == abs(x)
        assert (a / b).values[seed] == x / y
    differences = [x - y for x, y in pairs.values()]
    assert (a - b).estimate == pytest.approx(np.median(differences), rel=1e-12)  # of two middles


@pytest.mark.parametrize(("made", "formula"), [
    (lambda a, b, c: a / b, "a / b"),
    (lambda a, b, c: (a - b) / c, "(a − b) / c"),
    (lambda a, b, c: a - (b - c), "a − (b − c)"),
    (lambda a, b, c: a - b - c, "a − b − c"),
    (lambda a, b, c: a / (b * c), "a / (b · c)"),
    (lambda a, b, c: abs(a - b), "|a − b|"),
    (lambda a, b, c: 1 / a, "1 / a"),
    (lambda a, b, c: (a / b).log10(), "log10(a / b)"),
])  # fmt: skip
def test_a_quantity_remembers_its_formula(made, formula):
    a, b, c = (quantity(name, 1.0, 2.0) for name in "abc")
    assert made(a, b, c).formula == formula


def test_divided_by_nothing():
    ratio = quantity("a", 1.0, -2.0) / quantity("b", 0.0, 0.0)
    assert list(ratio.values.values()) == [math.inf, -math.inf]
    with pytest.raises(BadInput, match="'a / b' is not a number for seed 11"):
        quantity("a", 1.0, 0.0) / quantity("b", 0.0, 0.0)


def test_infinities_are_numbers_and_nan_is_an_error_that_names_the_seed():
    steps = quantity("steps", 10.0, math.inf, 30.0)
    assert steps.estimate == 30.0
    assert (10 / steps).values[11] == 0.0
    with pytest.raises(BadInput, match=r"'steps − steps' is not a number for seed 11"):
        steps - steps
    with pytest.raises(BadInput, match="no values"):
        Quantity("q", {})


def test_a_seed_that_is_missing_is_named():
    a, b = Quantity("a", {10: 1.0, 11: 2.0}), Quantity("b", {10: 1.0})
    with pytest.raises(BadInput, match="'b' lacks seed 11, which 'a' has"):
        a - b


@pytest.mark.parametrize("write", [
    lambda a, b: a < b < a,
    lambda a, b: bool(a > b),
    lambda a, b: not (a > 1),
    lambda a, b: bool(a),
    lambda a, b: all_of(a > b, b > a) and 1,
])  # fmt: skip
def test_nothing_has_a_truth_value(write):
    with pytest.raises(TypeError, match="truth value"):
        write(quantity("a", 1.0), quantity("b", 2.0))


@pytest.mark.parametrize(("values", "finding"), [
    ([2.0] * 6, Finding.REPRODUCED),
    ([0.0] * 6, Finding.NOT_REPRODUCED),
    ([2.0] * 5 + [0.0], Finding.UNDECIDED),
    ([2.0] * 8 + [0.0], Finding.REPRODUCED),  # nine seeds bear one dissenter
    ([2.0] * 7 + [0.0] * 2, Finding.UNDECIDED),
    ([2.0] * 5, Finding.UNDECIDED),  # five cover 93.75 %
])  # fmt: skip
def test_what_decides(values, finding):
    assert (quantity("a", *values) > 1).finding is finding


def test_a_share_has_the_binomial_interval():
    share = quantity("share", *[1.0] * 6, share=True)
    assert share.interval.low == pytest.approx(0.5407, abs=1e-4)
    assert (share > 0.5).finding is Finding.REPRODUCED
    assert (quantity("share", *[1.0] * 5, share=True) > 0.45).finding is Finding.UNDECIDED


def test_accuracies_need_their_images_as_well():
    right = np.array([True] * 21 + [False] * 19)
    wrong = np.array([True] * 20 + [False] * 20)
    images = dict.fromkeys(range(10, 19), right), dict.fromkeys(range(10, 19), wrong)
    a = Quantity("a", dict.fromkeys(range(10, 19), right.mean()), images=images[:1])
    b = Quantity("b", dict.fromkeys(range(10, 19), wrong.mean()), images=images[1:])
    assert (a - b).image_interval.low == 0.0
    # Every seed agrees, but by one image of forty.
    assert (a > b).finding is Finding.UNDECIDED
    assert (a - b > -0.1).finding is Finding.REPRODUCED
    assert (2 * (a - b)).image_interval is None


def test_compounds():
    yes, no = quantity("a", *[2.0] * 6) > 1, quantity("a", *[0.0] * 6) > 1
    open_ = quantity("a", 2.0, 0.0, 2.0, 0.0, 2.0, 0.0) > 1
    assert all_of(yes, yes).finding is Finding.REPRODUCED
    assert all_of(yes, no).finding is Finding.NOT_REPRODUCED
    assert all_of(yes, open_).finding is Finding.UNDECIDED
    assert at_least(2, yes, no, yes).finding is Finding.REPRODUCED
    assert at_least(2, no, no, yes).finding is Finding.NOT_REPRODUCED
    assert at_least(2, no, open_, yes).finding is Finding.UNDECIDED
    with pytest.raises(ValueError, match="cannot be"):
        at_least(3, yes)


def test_a_claim_needs_equal_seeds_and_an_inequality():
    a, b = Quantity("a", {10: 1.0}), Quantity("b", {11: 1.0})
    with pytest.raises(BadInput, match="different seeds, 10"):
        Claim("s", all_of(a > 0, b > 0))
    with pytest.raises(BadInput, match="write an inequality"):
        Claim("s", 3.0)


def test_without_power_nothing_is_judged():
    yes, no = quantity("a", *[2.0] * 6) > 1, quantity("c", *[0.0] * 6) > 1
    assert Claim("s", yes, control=no).verdict == NO_POWER
    assert Claim("s", yes, control=yes).verdict == "reproduced"
    (row,) = rows([Claim("s", yes, paper="1.5", target="t")])
    assert row["inequality"] == "a > 1"
    assert (row["ours"], row["low"], row["high"], row["seeds"]) == (2.0, 2.0, 2.0, 6)
    assert row["coverage"] == pytest.approx(0.96875, abs=1e-4)


def test_a_group_pairs_by_seed():
    jobs = [Computation("f", seed=seed) for seed in (12, 10, 11)]
    group = Group("arm", jobs, [1.0, 2.0, 3.0])
    found = group.quantity(float, "value")
    assert found.values == {12: 1.0, 10: 2.0, 11: 3.0}
    assert found.formula == "value (arm)"
    with pytest.raises(BadInput, match="several jobs of seed 12"):
        Group("arm", [jobs[0]] * 2, [1.0, 2.0]).quantity(float)


def test_where_chance_has_no_part_the_value_decides():
    count = exact("parameters", 11.3e6)
    off = abs(count / 13.6e6 - 1)
    assert (off.exact, str(off <= 0.05)) == (True, "|parameters / 1.36e+07 − 1| ≤ 0.05")
    assert (off <= 0.05).finding is Finding.NOT_REPRODUCED
    assert (off <= 0.2).finding is Finding.REPRODUCED
    judged = (off <= 0.2).judgement
    assert (judged.seeds, judged.interval.coverage) == (1, 1.0)
    with pytest.raises(BadInput, match="'error' is not a number"):
        exact("error", float("nan"))
