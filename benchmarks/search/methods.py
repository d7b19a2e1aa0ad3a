"""The methods that are compared: each asks a replay for a number of runs, one after another.

Each must find both edges with the same runs. Bisection takes the two in turn. TPE and GP maximize
the learning rate that is still good, one study an edge, a bad run worth as little as the smallest
rate; the studies ask in turn and both are told of every run.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler

from benchmarks.search.replay import HIGH, LOW, Replay
from keras_norms.lab.edges.acquisition import next_rate
from keras_norms.lab.edges.threshold import Thresholds
from keras_norms.lab.edges.verdict import Verdict

SEARCHED = ("alive", "blow_up")  # the grids do not tell useful rates from alive ones
RATE = "learning_rate"
SPACE = {RATE: FloatDistribution(10**LOW, 10**HIGH, log=True)}
Method = Callable[[Replay, int, int], None]  # a replay, how many runs, and a seed


def threshold(replay: Replay, runs: int, seed: int, batch: int = 1) -> None:
    """What `ThresholdSampler(seed=seed)` asks for, without a study around it."""
    known = Thresholds.prior(10**LOW, 10**HIGH)
    for start in range(0, runs, batch):
        rates: list[float] = []
        for number in range(start, min(start + batch, runs)):
            draw = np.random.default_rng([seed, number])
            rates.append(next_rate(known, draw, rates, SEARCHED))
        known = known.given([(rate, replay(math.log10(rate))) for rate in rates])


def batches_of_4(replay: Replay, runs: int, seed: int) -> None:
    threshold(replay, runs, seed, batch=4)


def grid(replay: Replay, runs: int, seed: int) -> None:
    """Even grids, each twice as fine as the one before: places 1/2, 1/4, 3/4, 1/8, ..."""
    for k in range(1, runs + 1):
        place = int(f"{k:b}"[::-1], 2) / 2 ** k.bit_length()
        replay(LOW + (HIGH - LOW) * place)


def bisection(replay: Replay, runs: int, seed: int) -> None:
    asked = [_halve_blow_up, _halve_trains]
    for k in range(runs):
        replay(asked[k % 2](dict(replay.runs)))


def _halve_blow_up(known: dict[float, Verdict]) -> float:
    blown = min((x for x, verdict in known.items() if verdict.blown), default=HIGH)
    return (max((x for x in known if x < blown), default=LOW) + blown) / 2


def _halve_trains(known: dict[float, Verdict]) -> float:
    """Above a rate that trained; without one, the widest gap below the first blow-up."""
    trained = [x for x, verdict in known.items() if verdict.trained]
    if trained:
        return (max(trained) + min((x for x in known if x > max(trained)), default=HIGH)) / 2
    blown = min((x for x, verdict in known.items() if verdict.blown), default=HIGH)
    ends = sorted({LOW, blown, *(x for x in known if x < blown)})
    _, low, high = max((high - low, low, high) for low, high in itertools.pairwise(ends))
    return (low + high) / 2


def by_studies(sampler: Callable[..., BaseSampler]) -> Method:
    """One of Optuna's samplers, a study for each edge."""

    def search(replay: Replay, runs: int, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        studies = [
            optuna.create_study(sampler=sampler(seed=2 * seed + k), direction="maximize")
            for k in range(2)
        ]
        for k in range(runs):
            trial = studies[k % 2].ask(SPACE)
            x = math.log10(trial.params[RATE])
            values = list(_values(x, replay(x)))
            studies[k % 2].tell(trial, values[k % 2])
            studies[1 - k % 2].add_trial(
                optuna.trial.create_trial(
                    params=trial.params, distributions=SPACE, value=values[1 - k % 2]
                )
            )

    return search


def _values(x: float, verdict: Verdict) -> Iterator[float]:
    yield x if not verdict.blown else LOW
    yield x if verdict.trained else LOW


METHODS: dict[str, Method] = {
    "threshold": threshold,
    "threshold, batches of 4": batches_of_4,
    "bisection": bisection,
    "TPE": by_studies(TPESampler),
    "GP": by_studies(GPSampler),
    "grid": grid,
    "random": by_studies(RandomSampler),
}
