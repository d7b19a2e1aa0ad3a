from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_norms.lab.stability.frontier import Cell, Edge, Edges, edges, spread
from keras_norms.lab.stability.verdict import Verdict

pytestmark = pytest.mark.once

OF_LETTER = {"b": Verdict.BLEW_UP, "t": Verdict.TRAINED, "u": Verdict.UNTRAINED}


def of(word: str) -> Edges:
    """Edges of verdicts at learning rates 1, 2, 3, ..."""
    return edges({float(k + 1): OF_LETTER[letter] for k, letter in enumerate(word)})


@pytest.mark.parametrize(
    ("word", "trains", "blow_up", "out_of_order"),
    [
        ("uttbb", (3, 4), (3, 4), 0),
        ("uttuubb", (3, 4), (5, 6), 0),  # at chance above a trained one: failed
        ("uuubb", (None, None), (3, 4), 0),  # none trains
        ("ttt", (3, None), (3, None), 0),  # all train: the edge is above the range
        ("bbb", (None, None), (None, 1), 0),  # the edge is below the range
        ("utubub", (2, 3), (3, 4), 0),  # dead between two that blew up
        ("tutub", (3, 4), (4, 5), 1),
        ("tbtb", (3, 4), (1, 2), 1),  # trained above one that blew up
        ("u", (None, None), (1, None), 0),
    ],
)
def test_edges_of_known_verdicts(word, trains, blow_up, out_of_order):
    assert of(word) == Edges(Edge(*trains), Edge(*blow_up), out_of_order)


@given(st.text("but", min_size=1, max_size=12))
def test_edges_keep_their_definition(word):
    found = of(word)
    verdict = dict(enumerate((OF_LETTER[letter] for letter in word), start=1))
    if found.trains.below is None:
        assert "t" not in word
    else:
        assert verdict[found.trains.below] is Verdict.TRAINED
        assert "t" not in word[int(found.trains.below) :]
    stable = 0 if found.blow_up.below is None else int(found.blow_up.below)
    assert "b" not in word[:stable]
    assert (found.blow_up.above is None) == ("b" not in word)
    assert found.blow_up.above in (None, stable + 1)


def test_spread_is_median_and_range_in_the_logarithm():
    found = spread([Edge(1.0, 2.0), Edge(100.0, 200.0), Edge(10.0, 20.0)])
    assert (found.median, found.low, found.high) == pytest.approx((10, 1, 100))
    assert not found.open_above
    assert spread([Edge(1.0, 2.0), Edge(100.0, 200.0)]).median == pytest.approx(10)
    assert str(found) == "10 (1 to 1e+02)"


def test_none_is_below_every_number():
    none, one = Edge(None, None), Edge(1.0, 2.0)
    assert spread([none, one, one]).median == 1
    assert spread([none, one, one]).low is None
    assert str(spread([none, one, one])) == "1 (no rate to 1)"
    assert spread([none, one]).median is None
    assert spread([none, none, one]).median is None
    assert str(spread([none])) == "no rate"


def test_an_edge_above_the_range_is_a_lower_bound():
    found = spread([Edge(5.0, None), Edge(5.0, 6.0)])
    assert found.open_above
    assert str(found) == "≥ 5"


def test_a_cell_has_both_edges_over_its_seeds():
    cell = Cell("none", 4, {0: of("ttb"), 1: of("tub")}, runs=6)
    assert cell.trains.values == (2.0, 1.0)
    assert cell.blow_up.values == (2.0, 2.0)


def test_no_seeds_are_refused():
    with pytest.raises(ValueError, match=r"seeds=\[\]"):
        spread([])
