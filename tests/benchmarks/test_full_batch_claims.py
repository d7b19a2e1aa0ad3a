"""Claims of 2020 to 2026 in NumPy: plans walked with made-up answers, formulas against others."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest

from benchmarks import sharpness
from benchmarks.gao2026 import regression
from benchmarks.gilmer2021 import rates as warmed
from benchmarks.kalra2023 import axis as rates
from benchmarks.meterez2023 import gradients
from benchmarks.random_mlp import RandomMlp
from benchmarks.sohldickstein2024 import line
from benchmarks.wan2020 import rotation
from keras_norms.lab.discovery import discover
from keras_norms.lab.errors import BadInput
from keras_norms.lab.job import Bench
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.publication import Part, publish
from keras_norms.lab.walk import Walk
from tests.lab.pretending import complete

pytestmark = pytest.mark.once

EVERY = discover("benchmarks")
YES, NO, POWERLESS = "reproduced", "not reproduced", "no power here"


def norms(bounded: bool, explode: bool):
    def answer(job):
        grows = explode if job.arguments["arm"] == "normal" else not bounded
        return [100.0 if grows else 1.0, 1.0]

    return {"by_layer": answer}


def losses(late: bool, ends: bool):
    """At once without BN above 2, with it after 20 steps where `late`."""

    def answer(job):
        large, falls = job.arguments["rate"] > 2, [2.0 * 0.9**k for k in range(30)]
        if job.arguments["arm"] == "none":
            return {"losses": [1.0, 10.0, 100.0] if large else falls}
        at = 20 if late else 2
        risen = [*falls[:at], 3.0, 1e-9 if ends else 1e-3]
        return {"losses": risen if large else falls}

    return {"descent": answer}


def looks(sharp, norm=lambda k: 3.0, rises=10, diverged=False):
    """Twenty looks; the functions are of the share of training, or numbers."""
    share = np.linspace(0, 1, 21)
    return {
        "step": [60 * k for k in range(21)],
        "loss": [float(np.exp(-2 * s)) for s in share],
        "sharpness": [float(sharp(s)) for s in share],
        "norm": [float(norm(s)) for s in share],
        "rises": [rises] * 21,
        "diverged": diverged,
    }


def at_edge(kept: float, free: float, rises: int):
    def answer(job):
        slow = job.arguments["rate"] < 0.1
        return looks(lambda s: (free if slow else kept) * 2 / 0.18, rises=rises)

    return {"descend": answer}


def with_decay(kept: float, falls: bool, start: float = 0.5):
    def answer(job):
        def sharp(s):
            return (start if s == 0 else kept) * 2 / 0.1

        shrinks = falls and job.arguments["decay"]
        return looks(sharp, norm=lambda s: 3 * math.exp(-s) if shrinks else 3.0)

    return {"descend": answer}


def by_decay(slows: bool, plain: float, normalized: float):
    """At the largest decay, in units of 2 / rate, at the edge."""

    def answer(job):
        decay, rate = job.arguments["decay"], job.arguments["rate"]
        if rate < 0.1:
            return looks(lambda s: 1 + s * (0.5 - (10 * decay if slows else -10 * decay)))
        last = normalized if job.arguments["batch"] else plain
        return looks(lambda s: (1 + (last - 1) * decay / 0.03) * 2 / rate)

    return {"descend": answer}


def scanned(wide: float, deep: float, reduced: float, normalized: float):
    """c_loss of each network; c_max is 1.8 times that."""

    def answer(job):
        batch, shallow = job.arguments["batch"], job.arguments["depth"] == 1
        first = normalized if batch else wide if shallow else deep
        highest = [1000.0 if c > 1.8 * first else 2.0 if c > first else 1.0
                   for c in job.arguments["units"]]  # fmt: skip
        return {"sharpness": 30.0, "reduced": 1.0 if shallow else reduced, "highest": highest}

    return {"scan": answer}


def rotated(angle: float, length: float, first: float = 0.2):
    """Angles and lengths over the predicted ones in the second half."""

    def answer(job):
        told = job.arguments
        said = math.sqrt(2 * told["rate"] * told["decay"] / (1 + told["momentum"]))
        there = angle if told["batch"] else 0.1
        norm = (told["rate"] * 4 / (2 * told["decay"])) ** 0.25 * length
        return {"angle": [first * said, *[there * said] * 9], "norm": [norm] * 10,
                "gradient": [2.0] * 10, "loss": [0.1] * 10}  # fmt: skip

    return {"rotation": answer}


def blocks(normalized: bool, bounded: bool = True, pre: float = 20.0):
    """Variances of twelve blocks, and with twice the kernels."""

    def answer(job):
        norm, start = job.arguments["norm"], [1.0 + k for k in range(12)]
        if norm == "post":
            return [[1.0 if normalized else 2.0] * 12] * 2
        if norm == "scaled" and bounded:
            start = [1.0 + 0.1 * k for k in range(12)]
        if norm == "peri" and not normalized:
            start = [1.5**k for k in range(12)]
        times = 1.0 if norm == "peri" else pre
        return [start, [times * one for one in start]]

    return {"by_block": answer}


def trained(**largest: float):
    def answer(job):
        last = largest[job.arguments["arm"].replace("-", "_")]
        return [0.1 if rate <= last else 1000.0 for rate in job.arguments["rates"]]

    return {"last_losses": answer}


def rough(plain: int, normalized: int):
    def answer(job):
        changes = plain if job.arguments["arm"] == "none" else normalized
        levels = 7 if changes else 1
        return {"centre": 8.0, "reach": [32.0**-k for k in range(levels)],
                "changes": [changes] * levels, "share": [0.5] * levels}  # fmt: skip

    return {"zoom": answer}


CASES = [
    ("meterez2023.bounded_gradients", norms(True, True), [YES, YES, YES]),
    ("meterez2023.bounded_gradients", norms(False, True), [NO, NO, YES]),
    ("meterez2023.bounded_gradients", norms(True, False), [POWERLESS, POWERLESS, NO]),
    ("gao2026.delayed_spikes", losses(True, True), [YES, YES, YES]),
    ("gao2026.delayed_spikes", losses(False, False), [YES, NO, NO]),
    ("cohen2024.edge_of_stability", at_edge(1.0, 1.5, 10), [YES, YES, YES, YES]),
    ("cohen2024.edge_of_stability", at_edge(1.2, 1.5, 0), [NO, NO, NO, NO]),
    ("cohen2024.edge_of_stability", at_edge(1.0, 1.0, 10), [POWERLESS] * 4),
    ("lyu2022.edge_with_decay", with_decay(1.0, True), [YES, YES]),
    ("lyu2022.edge_with_decay", with_decay(0.6, False), [NO, NO]),
    ("lyu2022.edge_with_decay", with_decay(1.0, True, start=1.0), [POWERLESS, YES]),
    ("saether2026.weight_decay", by_decay(True, 0.5, 1.5), [YES, YES, NO]),
    ("saether2026.weight_decay", by_decay(False, 1.0, 0.5), [NO, NO, YES]),
    ("kalra2023.critical_rates", scanned(2.3, 4.5, 0.8, 20.0), [YES] * 5),
    ("kalra2023.critical_rates", scanned(4.5, 2.0, 1.0, 4.0), [NO] * 5),
    ("wan2020.equilibrium", rotated(1.02, 0.98), [YES, YES, YES]),
    ("wan2020.equilibrium", rotated(1.3, 0.7), [NO, NO, NO]),
    ("wan2020.equilibrium", rotated(1.0, 1.0, first=1.0), [POWERLESS] * 3),
    ("gilmer2021.warm_up", trained(none=0.2, warm_up=3, BN=4, LN=1), [YES, YES, YES]),
    ("gilmer2021.warm_up", trained(none=0.2, warm_up=0.1, BN=4, LN=1), [NO, NO, NO]),
    ("gilmer2021.warm_up", trained(none=1, warm_up=3, BN=1, LN=1), [YES, POWERLESS, POWERLESS]),
    ("kim2025.variance_growth", blocks(True), [YES] * 5),
    ("kim2025.variance_growth", blocks(False, bounded=False), [YES, YES, NO, NO, NO]),
    ("kim2025.variance_growth", blocks(True, pre=1.0), [YES, NO, POWERLESS, YES, YES]),
    ("sohldickstein2024.boundary", rough(20, 1), [YES, NO, NO]),
    ("sohldickstein2024.boundary", rough(1, 20), [NO, YES, YES]),
    ("sohldickstein2024.boundary", rough(0, 0), [NO, NO, NO]),
]


@pytest.mark.parametrize(("name", "answers", "verdicts"), CASES)
def test_a_claim_is_judged_both_ways(name, answers, verdicts, tmp_path):
    ledger = Ledger.open(tmp_path / "records")
    walk = Walk(EVERY[name].at("cpu", {}), ledger)
    complete(walk, ledger, answers=answers)
    assert walk.experiment.seeds >= 6
    assert [claim.verdict for claim in walk.experiment.claims(walk.found)] == verdicts
    publish([Part(walk)], ledger, tmp_path / "page", "page")
    assert walk.experiment.title() in (tmp_path / "page/page.md").read_text()
    assert [*csv.DictReader((tmp_path / "page/claims.csv").open())]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("meterez2023.bounded_gradients", {"depths": (4, 4)}, r"depths.*two depths"),
        ("gao2026.delayed_spikes", {"rates": (1.0,)}, r"rates.*above 2"),
        ("saether2026.weight_decay", {"decays": (1e-3, 1e-2)}, r"decays.*write 0"),
        ("gilmer2021.warm_up", {"rates": (0.1,)}, r"rates.*two rates"),
    ],
)
def test_options_that_leave_nothing_to_compare(name, options, message):
    with pytest.raises(BadInput, match=message):
        next(EVERY[name].at("cpu", options).plan())


def test_a_descent_that_diverges_keeps_no_sharpness():
    assert sharpness.late(looks(lambda s: 1.0, diverged=True), 1.0) == math.inf
    assert sharpness.late(looks(lambda s: 4.0), 0.5) == 1.0


# The formulas.


def differences(loss, at, step=1e-6):
    """The gradient of a scalar function of one array, by central differences."""
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        moved = np.zeros_like(at)
        moved[place] = step
        found[place] = (loss(at + moved) - loss(at - moved)) / (2 * step)
    return found


@pytest.mark.parametrize("arm", gradients.ARMS)
def test_gradients_of_a_deep_linear_network(arm):
    depth, width, examples = 3, 4, 6
    draw = np.random.default_rng(5)
    x = draw.normal(size=(examples, width))
    straight, centred = gradients.ARMS[arm]
    kernels = [
        gradients.orthogonal(draw, width) if straight else draw.normal(size=(width, width))
        for _ in range(depth)
    ]
    slope = draw.normal(size=(examples, width))

    def loss(kernel, place):
        h = x
        for k in range(depth):
            z = h @ (kernel if k == place else kernels[k])
            z = z - z.mean(axis=0) if centred else z
            h = z / np.sqrt((z**2).mean(axis=0))
        return float((h * slope).sum())

    wanted = [np.linalg.norm(differences(lambda k, p=p: loss(k, p), kernels[p]))
              for p in range(depth)]  # fmt: skip
    found = gradients.by_layer(arm, depth, width, examples, seed=5)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert len(gradients.by_layer(arm, 9, width, examples, seed=5, places=3)) == 3


def test_orthogonal_matrices():
    one = gradients.orthogonal(np.random.default_rng(0), 5)
    np.testing.assert_allclose(one @ one.T, np.eye(5), atol=1e-12)


@pytest.mark.parametrize("arm", regression.ARMS)
def test_whitened_regression_is_the_closed_form(arm):
    """The loss is |prediction - target|^2 / 2 in the space of kernels, whatever the inputs."""
    rate, scale, features, examples = 1.7, 0.3, 5, 32
    found = regression.descent(arm, rate, scale, features, examples, 40, seed=3)["losses"]
    draw = np.random.default_rng(3)
    draw.normal(size=(examples, features))
    target, w = (one / np.linalg.norm(one) for one in draw.normal(size=(2, features)))
    alpha, wanted = scale, []
    for _ in range(41):
        length = np.linalg.norm(w)
        unit = w / length
        error = alpha * unit - target if arm == "BN" else w - target
        wanted.append(0.5 * float(error @ error))
        if arm == "BN":
            across = target - (target @ unit) * unit
            w, alpha = w + rate * alpha / length * across, alpha - 0.1 * (alpha - target @ unit)
        else:
            w = w - rate * error
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-14)
    assert len(regression.descent("none", 3.0, scale, features, examples, 400, 3)["losses"]) < 400


def small(batch: bool, head: bool = True) -> sharpness.Descent:
    draw = np.random.default_rng(1)
    network = RandomMlp([3, 4, 2], draw, batch=batch, activation="tanh", sigma_w2=1.0)
    return sharpness.Descent(network, draw.normal(size=(8, 3)), draw.normal(size=(8, 2)), head)


@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("batch", [True, False])
def test_the_gradient_and_the_sharpness_of_a_small_network(batch, head):
    descent = small(batch, head)
    weights = descent.weights()
    assert len(weights) == 12 + 8 * head
    slopes = differences(lambda w: descent.at(w)[0], weights)
    np.testing.assert_allclose(descent.at(weights)[1], slopes, atol=1e-8)
    rows = []
    for k in range(len(weights)):
        step = 1e-4 * np.eye(len(weights))[k]
        there = (differences(lambda w: descent.at(w)[0], weights + s * step, 1e-5) for s in (1, -1))
        rows.append((next(there) - next(there)) / 2e-4)
    largest = np.linalg.eigvalsh((np.array(rows) + np.array(rows).T) / 2)[-1]
    assert descent.sharpness(weights) == pytest.approx(largest, rel=5e-3)


def test_a_trajectory_is_descent_with_decay():
    descent = small(False)
    weights = descent.weights()
    found = sharpness.trajectory(descent, 0.1, 2, 1, decay=0.5)
    for look in range(3):
        assert found["norm"][look] == pytest.approx(np.linalg.norm(weights))
        loss, gradient = descent.at(weights)
        assert found["loss"][look] == pytest.approx(loss)
        weights = weights - 0.1 * (gradient + 0.5 * weights)
    assert found["step"] == [0, 1, 2]
    assert found["rises"] == [0, 0, 0]
    assert not found["diverged"]
    wild = sharpness.trajectory(small(False), 100.0, 60, 60)
    assert wild["diverged"]
    assert wild["step"] == [0]


def test_descent_on_digits():
    found = sharpness.descend(1, 8, 40, True, False, 0.1, 0.0, 20, 10, Bench(), seed=0)
    assert found["loss"][-1] < found["loss"][0]
    assert found["norm"][-1] > found["norm"][0]  # what is scale-invariant grows without decay


def test_critical_rates():
    units = [0.5, 1.0, 30.0, 1000.0]
    found = rates.scan(1, 16, 40, False, units, 5, Bench(), seed=0)
    assert found["highest"][0] == 1
    assert found["highest"][-1] == rates.DIVERGED
    assert found["reduced"] == pytest.approx(1, abs=0.5)
    made_up = {"highest": [1.0, 1.5, 1000.0, 1000.0]}
    assert rates.first_rise(made_up, units) == 1.0
    assert rates.first_divergence(made_up, units) == 30.0
    assert rates.first_rise({"highest": [1.0] * 4}, units) == math.inf


def test_angles_of_steps_across_the_kernel():
    """Without decay a gradient behind BN stands at right angles to the kernel."""
    assert rotation.angle(np.array([1.0, 0.0]), np.array([0.0, 2.0])) == pytest.approx(math.pi / 2)
    found = rotation.rotation(True, 1e-4, 0.0, 0.0, 2.0, 4, 1, Bench(), seed=0)
    across = np.array(found["gradient"]) / np.square(found["norm"])
    np.testing.assert_allclose(found["angle"], np.arctan(1e-4 * across), rtol=1e-6)
    twice = rotation.rotation(True, 1e-4, 0.0, 0.0, 4.0, 1, 1, Bench(), seed=0)
    assert twice["norm"][0] == pytest.approx(2 * found["norm"][0], rel=1e-6)
    assert twice["loss"][0] == pytest.approx(found["loss"][0])


def test_what_the_equilibrium_predicts():
    one = {"angle": [0.1], "gradient": [3.0], "norm": [2.0]}
    found = rotation.over_predicted(one, 0.2, 0.01, 0.9)
    assert found["angle"][0] == pytest.approx(0.1 / math.sqrt(0.004 / 1.9))
    assert found["length"][0] == pytest.approx(2 / (0.2 * 9 / 0.02) ** 0.25)


@pytest.mark.parametrize("arm", line.ARMS)
def test_verdicts_along_a_line_one_rate_after_another(arm):
    width, examples, steps, axis = 3, 4, 30, line.ARMS[arm]
    draw = np.random.default_rng(2)
    x, y = draw.normal(size=(examples, width)), draw.normal(size=(examples, 1))
    first, second = draw.normal(size=(width, width)) / width**0.5, draw.normal(size=(width, 1))

    def loss(weights):
        z = x @ weights[: width * width].reshape(width, width)
        if axis is not None:
            z = z - z.mean(axis=axis - 1, keepdims=True)
            z = z / np.sqrt((z**2).mean(axis=axis - 1, keepdims=True) + line.EPSILON)
        f = np.tanh(z) @ weights[width * width :, None] / width
        return 0.5 * float(((f - y) ** 2).mean())

    tried, wanted = 2.0 ** np.arange(-4, 12), []
    for rate in tried:
        weights = np.concatenate([first.ravel(), second.ravel()])
        limit, bad = line.LARGE * loss(weights), False
        for _ in range(steps - 1):
            weights = weights - width * rate * differences(loss, weights)
            if bad := not loss(weights) < limit:
                break
        wanted.append(bad)
    assert len(set(wanted)) == 2
    found = line.diverges(tried, arm, width, examples, steps, seed=2)
    assert found.tolist() == wanted


def test_a_line_is_refined_around_a_change():
    found = line.zoom("none", 4, 4, 40, 16, 3, 8.0, seed=0)
    assert len(found["changes"]) == len(found["reach"]) == len(found["share"])
    assert found["reach"][1] == pytest.approx(found["reach"][0] / 8)
    assert found["changes"][0] >= 1


@pytest.mark.parametrize("axis", [None, 1, 2])
def test_gradients_of_networks_side_by_side(axis):
    draw = np.random.default_rng(4)
    kernels = [
        draw.normal(size=(2, 3, 4)),
        draw.normal(size=(2, 4, 4)),
        draw.normal(size=(2, 4, 3)),
    ]
    x, labels = draw.normal(size=(1, 5, 3)), draw.integers(3, size=5)

    def loss(kernel, which, place):
        h = x[0]
        for k in range(3):
            z = h @ (kernel if k == place else kernels[k][which])
            if k == 2:
                log = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
                return -float(log[np.arange(5), labels].mean())
            if axis is not None:
                z = z - z.mean(axis=axis - 1, keepdims=True)
                z = z / np.sqrt((z**2).mean(axis=axis - 1, keepdims=True) + warmed.EPSILON)
            h = np.maximum(z, 0)
        return 0.0

    losses, slopes = warmed.descent(kernels, x, np.eye(3)[labels], axis)
    for which in range(2):
        assert losses[which] == pytest.approx(loss(kernels[0][which], which, 0))
        for place in range(3):
            wanted = differences(lambda k, w=which, p=place: loss(k, w, p), kernels[place][which])
            np.testing.assert_allclose(slopes[place][which], wanted, atol=1e-7)


def test_rates_side_by_side_are_those_alone():
    told = {"depth": 2, "width": 8, "steps": 30, "bench": Bench(), "seed": 0}
    both = warmed.last_losses("none", [0.1, 1e4], **told)
    assert both[0] == pytest.approx(warmed.last_losses("none", [0.1], **told)[0])
    assert both[1] == warmed.LARGE
    later = warmed.last_losses("warm-up", [0.1], **told)[0]
    assert later > both[0]  # ten of thirty steps were smaller


def test_variance_behind_blocks_that_add_nothing():
    from benchmarks.kim2025.variance import by_block

    about = {"depth": 2, "width": 8, "context": 6, "texts": 4, "seed": 0}
    for norm in ("pre", "peri", "scaled"):
        nothing, something = by_block(norm, [0.0, 1.0], **about)
        assert nothing[0] == nothing[1] == pytest.approx(2 * 0.02**2, rel=0.5)  # the embeddings
        assert something[1] > 2 * nothing[1]
    for values in by_block("post", [0.5, 1.0], **about):
        assert values == pytest.approx([1.0, 1.0], abs=0.1)
