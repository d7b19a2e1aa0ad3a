"""What stands beside a claim that the seeds cannot decide."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.lab.claim import Claim
from keras_norms.lab.inequality import all_of
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.claims import claims_table

pytestmark = pytest.mark.once


def seeds_column(claim: Claim, **options) -> list[str]:
    return [*claims_table("toy", [claim], **options).frame["seeds"]]


def of(*values: float, **options) -> Quantity:
    return Quantity("x", dict(enumerate(values)), **options)


CLEAR, DOUBTFUL, EVEN = of(*[2.0] * 9), of(*[2.0] * 8, 0.0, 0.0), of(*[2.0, 0.0] * 5)


def test_an_undecided_claim_says_how_many_seeds_would_decide_and_what_they_cost():
    needed = (DOUBTFUL > 1).judgement.seeds_to_decide
    claim = Claim("Larger.", DOUBTFUL > 1)
    assert seeds_column(Claim("Larger.", CLEAR > 1)) == ["9"]
    assert claim.seeds_to_decide == needed
    assert claim.verdict == "undecided (8 of 10 seeds agree)"
    assert seeds_column(claim) == [f"10; {needed} would probably decide"]
    shares = of(1, 1, 1, 1, 1, 0, share=True) > 0.5
    told = seeds_column(Claim("Most.", shares), seconds=3600)
    n = shares.judgement.seeds_to_decide
    assert n
    assert told == [f"6; {n} would probably decide in {n // 6} h {n % 6}0 min"]


def test_what_is_decided_already_does_not_ask_for_seeds():
    doubtful = of(1, 1, 1, 1, 1, 0, share=True) > 0.5
    settled = of(*[2.0] * 6) > 1
    claim = Claim("Both.", all_of(settled, doubtful))
    assert claim.seeds_to_decide == doubtful.judgement.seeds_to_decide


def test_an_even_split_says_that_no_number_within_reason_would():
    assert seeds_column(Claim("Larger.", EVEN > 1)) == ["10; 60 would hardly decide"]


def test_more_seeds_are_no_remedy_where_the_test_images_are_too_few():
    random = np.random.default_rng(0)
    images = {seed: random.random(40) < 0.55 for seed in range(9)}
    right = dict.fromkeys(range(9), 0.55)
    claim = Claim("Over a half.", Quantity("accuracy", right, images=(images,)) > 0.5)
    assert claim.verdict.startswith("undecided")
    assert claim.seeds_to_decide is None
