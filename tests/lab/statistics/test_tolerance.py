"""Tolerances in whole images: no difference of accuracies may fall on the bound."""

from __future__ import annotations

import itertools

import pytest

from keras_norms.lab.statistics import Tolerance, median

pytestmark = pytest.mark.once


def test_half_a_point_of_397_images_allows_two_of_them():
    tolerance = Tolerance.at_least(0.005, 397)
    assert tolerance == Tolerance(2, 397)
    two, three = -2 / 397, -3 / 397
    assert two >= -tolerance.share > three
    assert str(tolerance) == "2 of 397 images"


@pytest.mark.parametrize("of", [360, 397, 450, 10_000])
def test_every_number_of_images_within_it_passes_and_every_one_beyond_fails(of: int):
    tolerance = Tolerance.at_least(0.005, of)
    for right, fewer in itertools.product((of, of - 1, of // 3), range(12)):
        difference = right / of - (right + fewer) / of  # with the rounding that accuracies have
        assert (difference >= -tolerance.share) == (fewer <= tolerance.images)


def test_a_median_between_two_images_is_beyond():
    tolerance = Tolerance(2, 397)
    assert not median([-2 / 397, -3 / 397]) >= -tolerance.share


def test_a_share_that_is_whole_is_not_rounded_up():
    assert [Tolerance.at_least(k / 397, 397).images for k in range(8)] == list(range(8))
    assert Tolerance.at_least(0.005, 400).images == 2


@pytest.mark.parametrize(("images", "of"), [(-1, 3), (4, 3), (0, 0)])
def test_tolerances_that_cannot_be_are_refused(images: int, of: int):
    with pytest.raises(ValueError, match=f"Invalid images={images} of={of}: must be"):
        Tolerance(images, of)
    with pytest.raises(ValueError, match="Invalid share=5: must lie between"):
        Tolerance.at_least(5, 397)
