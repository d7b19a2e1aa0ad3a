"""Santurkar et al. 2018: plans walked with made-up outcomes, and what stands behind them."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from benchmarks.santurkar2018 import gaussian
from benchmarks.santurkar2018.networks import NORMS
from benchmarks.santurkar2018.noisy_batch import NoisyBatchNormalization
from benchmarks.santurkar2018.reading import at_equal_loss, drifts
from keras_norms.lab.discovery import discover
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadOption
from keras_norms.lab.found import Group
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.training.probe_table import choose_probe
from keras_norms.lab.walk import Walk
from tests.lab.pretending import complete, outcome, run

EVERY = discover("benchmarks")
once = pytest.mark.once


def rows(run, probe: str, better: bool) -> list[dict]:
    """Without BN four times as rough and as shifted where BN is better, else half as much."""
    chosen, size = choose_probe(probe, run.steps), 1.0
    if run.normalizer == "none":
        size = 4.0 if better else 0.5
    size *= 1 + run.seed / 1000
    found = []
    for k, step in enumerate(chosen.arguments["at"]):
        row = {"step": step, "first": 2.3 - 0.1 * k, "alpha": [1.0]}
        if chosen.name == "smoothness":
            row |= {"loss_range": size, "gradient_change": [0.0, size], "beta": size}
        elif chosen.name == "covariate_shift":
            shift = run.learning_rate / (size if better else size**3)
            row |= {"gradient": [1.0] * 2, "shift": [shift] * 2, "cosine": [0.5] * 2}
        else:
            moved = 9.0 if "noisy" in run.normalizer else size
            mean = (moved if better else 1 / moved) * (k % 2)
            row |= {"layers": ["a"], "output_mean": [[mean]], "output_variance": [[1.0]]}
        found.append(row)
    return found


def rule(better: bool, power: bool = True):
    """Accuracies by arm, best at the rate 0.1."""

    def made(run):
        if run.learning_rate > 1:
            return outcome(run, Verdict.BLEW_UP, (0.1, 0.1))
        plain = run.normalizer == "none"
        batch = run.normalizer.startswith("batch")
        level = 0.5 if plain else 0.7 if better or (batch and power) else 0.2
        level -= 0.1 * abs(np.log10(run.learning_rate / 0.1))
        found = outcome(run, accuracies=(0.05, level / 2, level))
        probed = {probe: rows(run, probe, better) for probe in run.probes}
        return replace(found, probed=probed)

    return made


# Experiment -> how many of its claims the two rules reproduce, and how many there are.
CLAIMS = {
    "lp_norms": (9, 0, 9),
    "covariate_shift": (4, 0, 4),
    "landscape": (6, 0, 6),
    "noisy": (4, 0, 4),
    "training": (2, 2, 2),
}


@once
@pytest.mark.parametrize("better", [True, False])
@pytest.mark.parametrize("name", CLAIMS)
def test_plans_are_walked_and_published(name, better, tmp_path):
    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(EVERY[f"santurkar2018.{name}"].at("cpu", {}), ledger)
    complete(walk, ledger, rule(better))
    claims = list(walk.experiment.claims(walk.found))
    said = [claim.verdict for claim in claims]
    good, bad, every = CLAIMS[name]
    assert (said.count("reproduced"), len(said)) == (good if better else bad, every)
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    page = (tmp_path / "page/page.md").read_text()
    assert walk.experiment.title() in page
    assert any((tmp_path / "page/figures").glob(f"santurkar2018.{name}*.png"))


@once
@pytest.mark.parametrize("name", ["lp_norms", "noisy"])
def test_without_a_gain_by_bn_there_is_no_power(name, tmp_path):
    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(EVERY[f"santurkar2018.{name}"].at("cpu", {}), ledger)
    complete(walk, ledger, rule(better=False, power=False))
    assert "no power here" in [claim.verdict for claim in walk.experiment.claims(walk.found)]


@once
def test_a_network_that_bn_makes_worse(tmp_path):
    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(EVERY["santurkar2018.training"].at("cpu", {}), ledger)
    complete(walk, ledger, rule(better=False, power=False))
    said = [claim.verdict for claim in walk.experiment.claims(walk.found)]
    assert said == ["not reproduced"] * 2


@once
def test_the_first_layer_has_no_preceding_ones():
    with pytest.raises(BadOption, match="layers"):
        EVERY["santurkar2018.covariate_shift"](layers=(1, 2))


@once
def test_each_arm_has_its_norm():
    arms = {run.normalizer for run in map(_first, NORMS)}
    assert arms == {"lp:momentum=0.9,p=1", "lp:momentum=0.9,p=2", "lp:momentum=0.9,p=inf"}


def _first(arm: str):
    return EVERY["santurkar2018.lp_norms"]().run(arm, 0.1)


@once
def test_looks_are_compared_where_their_losses_are_nearest():
    def group(name, losses, ranges):
        looks = [{"first": a, "loss_range": b} for a, b in zip(losses, ranges, strict=True)]
        return Group(name, [run(seed=10)], [looks])

    plain = group("none", (2.3, 2.0, 1.0), (10.0, 8.0, 100.0))
    ratio = at_equal_loss(plain, group("BN", (2.05, 2.25), (4.0, 2.0)), "loss range")
    assert ratio.values == {10: 3.5}  # of 10 / 2 and 8 / 4; nothing is near a loss of 1
    far = at_equal_loss(plain, group("BN", (9.0, 8.0), (1.0, 5.0)), "loss range")
    assert far.values == {10: 2.0}
    lost = at_equal_loss(group("none", (2.0,), (float("nan"),)), plain, "loss range")
    assert lost.values == {10: float("inf")}


@once
def test_drift_by_hand():
    still = {"layers": ["a"], "output_mean": [[1.0, 2.0]], "output_variance": [[4.0, 4.0]]}
    moved = still | {"output_mean": [[4.0, 2.0]], "output_variance": [[4.0, 36.0]]}
    scale = np.sqrt((4 + 4 + 4 + 36) / 4)
    assert drifts([still, still]) == pytest.approx([0])
    assert drifts([still, moved]) == pytest.approx([np.sqrt((9 + 16) / 2) / scale])


def test_noise_behind_batch_normalization():
    """Of the moments that are asked for, by channel, others at each step; none at inference."""
    x = np.random.default_rng(0).normal(3.0, 2.0, (4096, 6)).astype(np.float32)
    layer = NoisyBatchNormalization(shift=0.5, scale=1.25, spread=0.1, epsilon=1e-6)

    def given(training: bool) -> np.ndarray:
        return keras.ops.convert_to_numpy(layer(x, training=training)).astype(float)

    steps = np.array([given(True) for _ in range(60)])
    mean, deviation = steps.mean(axis=1), steps.std(axis=1)
    assert np.abs(mean).max() < 0.52
    assert np.abs(mean).mean() == pytest.approx(0.25, abs=0.04)
    assert np.all((deviation > 0.98) & (deviation < 1.28))  # of s y + m, s by chance by 0.1
    assert deviation.mean() == pytest.approx(1.125, abs=0.02)
    assert np.std(mean, axis=0).min() > 0.2  # anew at each step
    moving = [keras.ops.convert_to_numpy(v) for v in (layer.moving_mean, layer.moving_variance)]
    wanted = (x - moving[0]) / np.sqrt(moving[1] + 1e-6) * 1.125
    np.testing.assert_allclose(given(False), wanted, atol=1e-4)


@once
def test_gaussian_examples_are_the_same_each_time():
    (x, y), (x_test, y_test) = gaussian.taught()
    assert x.shape == x_test.shape == (512, 8, 8, 1)
    assert {*y} | {*y_test} == {*range(10)}
    np.testing.assert_array_equal(x, gaussian.taught()[0][0])
