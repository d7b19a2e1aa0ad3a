"""The ramp before a search, the shape of a run's rate, and the rate that is recommended."""

from __future__ import annotations

import math

import keras
import numpy as np
import optuna
import pytest

from keras_norms.lab.edges.acquisition import next_rate
from keras_norms.lab.edges.threshold import Thresholds
from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate.ramp import Ramp, ramp_rates
from keras_norms.lab.max_learning_rate.rate_shape import rate_shape, with_constant_rate
from keras_norms.lab.max_learning_rate.recommendation import candidates, recommended
from keras_norms.lab.max_learning_rate.search import finished_trial

pytestmark = pytest.mark.once

RATES = ramp_rates(1e-3, 1e3, 61)  # a tenth of a decade a step


def test_a_ramp_reads_where_it_stops_and_where_the_loss_falls_fastest():
    place = np.arange(45)
    losses = [*(1 - 1 / (1 + np.exp(-(place - 25.0)))), 50.0]
    ramp = Ramp.of(losses, RATES, blew_up=True)
    # The update that broke it is the one before the loss that shows it.
    assert ramp.stop == pytest.approx(RATES[44])
    assert math.log10(ramp.steepest / RATES[25]) == pytest.approx(0, abs=0.11)
    assert "blew up at 25, its loss fell fastest at 0.3" in str(ramp)
    assert Ramp.of([1.0] * 61, RATES, blew_up=False).stop is None


def test_its_prior_is_near_where_it_stopped_and_keeps_a_share_of_the_flat_one():
    flat = Thresholds.prior(1e-3, 1e3)
    known = Ramp(61, 1e-3, 1e3, 25.0, None).prior()
    assert 10**known.blow_up.median == pytest.approx(10, rel=0.35)
    (low, high), (lowest, highest) = (each.blow_up.interval(0.5) for each in (known, flat))
    assert high - low < 0.6 * (highest - lowest)
    # Wherever the edge is, no more than a few runs are lost by a ramp that misleads.
    assert (known.blow_up.weights >= 0.29 * flat.blow_up.weights).all()
    draw = np.random.default_rng(0)
    assert abs(math.log10(next_rate(known, draw) / 10)) < 1
    assert Ramp(61, 1e-3, 1e3, None, None).prior().blow_up.median == flat.blow_up.median


def test_a_rate_warms_up_and_follows_its_schedule():
    assert rate_shape(None, 0, 3).tolist() == [1, 1, 1]
    assert rate_shape(None, 4, 6).tolist() == [0.25, 0.5, 0.75, 1, 1, 1]
    halves = keras.optimizers.schedules.ExponentialDecay(0.3, 1, 0.5)
    np.testing.assert_allclose(rate_shape(halves, 0, 4), [1, 0.5, 0.25, 0.125])
    np.testing.assert_allclose(rate_shape(halves, 2, 3), np.array([0.5, 0.5, 0.25]) / 0.5)


@pytest.mark.parametrize(("schedule", "warmup", "said"), [
    (None, 9, r"warmup=9 is not over within steps=9; write 0 to 8, or more steps"),
    (None, -1, r"warmup=-1 .*write 0 to 8"),
    (keras.optimizers.schedules.CosineDecay(0.0, 90, warmup_target=1.0, warmup_steps=50), 0,
     r"steps=9: the CosineDecay of build_model\(\) still rises.*write more steps"),
    (keras.optimizers.schedules.ExponentialDecay(-1.0, 1, 0.5), 0, r"ExponentialDecay goes from"),
])  # fmt: skip
def test_a_rate_that_is_never_held(schedule, warmup, said):
    with pytest.raises(BadInput, match=said):
        rate_shape(schedule, warmup, 9)


@pytest.mark.parametrize("scaled", [False, True])
def test_a_schedule_is_taken_out_of_its_optimizer(scaled):
    decay = keras.optimizers.schedules.ExponentialDecay(0.3, 1, 0.5)
    given = keras.optimizers.SGD(decay, momentum=0.7, nesterov=True)
    given = keras.optimizers.LossScaleOptimizer(given) if scaled else given
    optimizer, schedule = with_constant_rate(given)
    optimizer.learning_rate = 0.125
    assert schedule is decay
    inner = optimizer.inner_optimizer if scaled else optimizer
    assert (float(inner.learning_rate), inner.momentum, inner.nesterov) == (0.125, 0.7, True)


def trial(rate, seed, verdict):
    attributes = {"seed": seed, "verdict": verdict, "accuracy": 0.9, "last_loss": 0.2}
    return finished_trial({"learning_rate": rate}, attributes, 0.2, {"low": 1e-5, "high": 1e2})


def test_only_a_rate_that_passed_with_every_seed_is_recommended():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    tried = [trial(0.3, 0, "useful"), trial(0.3, 1, "useful"), trial(0.9, 0, "useful")]
    assert recommended(tried, 2, "useful", 0.9).rate == 0.3
    assert (
        "with each of 2 seeds (accuracy 0.9), and 3 times"
        in recommended(tried, 2, "useful", 0.9).why
    )
    assert recommended(tried, 3, "useful", 0.9).rate is None  # the third seed was not tried
    assert recommended([*tried, trial(0.3, 1, "untrained")], 2, "useful", 0.9).rate is None
    assert recommended(tried, 2, "useful", 0.5).rate is None  # too near the edge
    alive = [trial(0.3, 0, "alive"), trial(0.3, 1, "useful")]
    assert recommended(alive, 2, "useful", 0.9).rate is None
    assert recommended(alive, 2, "alive", 0.9).rate == 0.3
    assert str(recommended(tried, 2, "alive", 0.0)).startswith("no rate: at none")


def test_candidates_are_short_numbers_below_the_edge():
    assert [*candidates(0.9, 1e-5)] == [0.3, 0.1, 0.033]
    assert [*candidates(0.877, 0.09)] == [0.29, 0.097]
