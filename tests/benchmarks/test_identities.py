"""Equations of the papers: that they hold on this backend, that each can fail, and their pages."""

from __future__ import annotations

import csv
import importlib
import inspect

import numpy as np
import pytest

from benchmarks import float64_layers
from benchmarks.identities import IdentitiesExperiment
from keras_norms.lab.discovery import discover
from keras_norms.lab.job import Bench
from tests.benchmarks.made_up import found, page

EXACT = {
    name: kind
    for name, kind in discover("benchmarks").items()
    if issubclass(kind, IdentitiesExperiment)
}
# What is put in place of what, so that the equations cannot hold.
WRONG = {
    "brock2021.gain": ("benchmarks.brock2021.section4_gain", "GAIN", lambda right: 1.7139588594),
    "brock2021.adaptive_clipping": (
        "keras_norms.normfree", "AdaptiveGradientClipping",
        lambda right: lambda name, clipping, epsilon: right(name, 1.01 * clipping, epsilon)),
    "zhang2019fixup.start": ("keras_norms.normfree", "fixup", lambda right: lambda model: model),
    "yao2021.taylor": (
        "benchmarks.yao2021.section3_taylor", "brought",
        lambda right: lambda x, kernels: right(x, [kernels[1], kernels[1]])),
    "salimans2016.gradient": (
        "benchmarks.salimans2016.section2_gradient", "formula",
        lambda right: lambda v, g, dw: (right(v, g, dw)[0], g * dw)),
    "salimans2016.data_dependent_start": (
        "keras_norms.weights", "initialize_from_data", lambda right: lambda model, batch: None),
    "santurkar2018.gradient": (
        "benchmarks.float64_layers", "passed",
        lambda right: lambda *a, **k: (one := right(*a, **k))._replace(dx=1.000001 * one.dx)),
}  # fmt: skip


def measured(name: str, seed: int = 3) -> dict[str, float]:
    errors = importlib.import_module(EXACT[name].__module__).errors
    bench = {"bench": Bench()} if "bench" in inspect.signature(errors).parameters else {}
    return errors(**bench, seed=seed)


def bounds(name: str):
    return [bound for identity in EXACT[name].identities for bound in identity.bounds]


def held(bound, value: float) -> bool:
    return value > bound.limit if bound.above else value <= bound.limit


@pytest.mark.parametrize("name", EXACT)
def test_the_equations_hold(name):
    errors = measured(name)
    assert {b.key: errors[b.key] for b in bounds(name) if not held(b, errors[b.key])} == {}
    assert errors.keys() == {bound.key for bound in bounds(name)}


@pytest.mark.parametrize("name", sorted(EXACT.keys() - WRONG.keys()))
def test_another_layer_fails(name, monkeypatch):
    """Its outputs are off by a thousandth, and a little more at each call."""
    right, calls = float64_layers.passed, []

    def wrong(*args, **kwargs):
        one = right(*args, **kwargs)
        calls.append(1)
        return one._replace(y=one.y * (1 + 1e-3 * len(calls)) + 1e-3)

    monkeypatch.setattr(float64_layers, "passed", wrong)
    errors = measured(name)
    assert not all(held(bound, errors[bound.key]) for bound in bounds(name))


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_fails(name, monkeypatch):
    module, attribute, wrong = WRONG[name]
    monkeypatch.setattr(
        importlib.import_module(module),
        attribute,
        wrong(getattr(importlib.import_module(module), attribute)),
    )
    errors = measured(name)
    assert not all(held(bound, errors[bound.key]) for bound in bounds(name))


def made_up(name: str, good: bool, bad_seed: int | None = None):
    """Errors within their limits, or all beyond them; in one seed alone where it is named."""

    def answer(job):
        well = good if bad_seed is None or job.seed != bad_seed else not good
        return {b.key: (b.limit + 1 if b.above else 0.0) if well
                else (b.limit if b.above else 1e300) for b in bounds(name)}  # fmt: skip

    return answer


@pytest.mark.once
@pytest.mark.parametrize("name", EXACT)
def test_every_identity_is_judged(name, tmp_path):
    text = page(EXACT[name](), tmp_path / "good", made_up(name, True))
    assert EXACT[name].title() in text
    page(EXACT[name](), tmp_path / "bad", made_up(name, False))
    for folder, verdict in (("good", "reproduced"), ("bad", "not reproduced")):
        with (tmp_path / folder / "claims.csv").open() as file:
            rows = [*csv.DictReader(file)]
        assert {row["verdict"] for row in rows} == {verdict}
        assert len(rows) == len(bounds(name))


@pytest.mark.once
def test_one_input_that_fails_fails_the_claim(tmp_path):
    experiment = EXACT["wu2018.limits"]()
    told = found(experiment, tmp_path, made_up("wu2018.limits", True, bad_seed=14))
    assert {claim.verdict for claim in experiment.claims(told)} == {"not reproduced"}


@pytest.mark.once
def test_what_is_not_finite_is_larger_than_any_limit():
    from benchmarks.identities import apart, largest

    assert largest(np.array([0.0, np.nan])) == largest(np.array([np.inf])) == 1e300
    assert apart(np.array([1.0, 3.0]), np.array([1.0, 2.0])) == 0.5
