"""What is computed without training: that it holds, and that it can fail."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.ioffe2015 import architecture, bias, equations, exact, population
from benchmarks.ioffe2015.bounds import verdict
from keras_norms.lab.report.claims import Finding
from keras_norms.layers import BatchNormalization


def fails(rows) -> list[str]:
    return [
        quantity
        for _, quantity, measured, limit in rows
        if verdict(measured, limit) is Finding.NOT_REPRODUCED
    ]


PARTS = (
    equations.forward,
    equations.backward,
    equations.convolution,
    equations.scale_invariance,
)


@pytest.mark.parametrize("part", PARTS)
def test_the_layer_holds(part, monkeypatch):
    monkeypatch.setattr(equations, "BATCHES", (2, 5))
    assert fails(part()) == []


@pytest.mark.once
@pytest.mark.parametrize(("part", "count"), [(equations.forward, 2), (equations.backward, 3)])
def test_another_epsilon_fails(part, count, monkeypatch):
    monkeypatch.setattr(equations, "BATCHES", (2, 5))
    right = equations.layer
    monkeypatch.setattr(equations, "layer", lambda epsilon=1e-3: right(epsilon + 1e-4))
    assert len(fails(part())) >= count


@pytest.mark.once
def test_scale_invariance_fails_with_an_epsilon(monkeypatch):
    right = equations.layer
    monkeypatch.setattr(equations, "layer", lambda epsilon: right(1e-3))
    assert len(fails(equations.scale_invariance())) == 3


@pytest.mark.once
def test_the_affine_map_of_inference():
    assert population.folded() <= 1e-6


@pytest.mark.once
def test_statistics_that_layers_remember(monkeypatch):
    monkeypatch.setattr(population, "BATCHES", 200)
    unbiased, biased, moving = population.statistics(4)
    assert unbiased.shape == biased.shape == moving.shape == (960,)
    np.testing.assert_allclose(biased, 0.75 * unbiased, rtol=1e-5)
    assert unbiased.mean() == pytest.approx(4, rel=0.02)
    assert moving.mean() == pytest.approx(3, rel=0.05)


def test_the_bias_grows_or_stays(monkeypatch):
    monkeypatch.setattr(bias, "STEPS", 20)
    found = {bias.IGNORED: bias.descend(False), bias.FULL: bias.descend(True)}
    assert fails(bias.rows(found)) == []
    swapped = {bias.IGNORED: found[bias.FULL], bias.FULL: found[bias.IGNORED]}
    assert len(fails(bias.rows(swapped))) >= 2


@pytest.mark.once
def test_nan_is_not_within_a_limit():
    assert verdict(1.0, 1.0) is Finding.REPRODUCED
    assert verdict(math.nan, 1.0) is Finding.NOT_REPRODUCED


@pytest.mark.once
def test_computed_once_and_reported_from_there(monkeypatch, tmp_path, capsys):
    calls = []

    def part(name):
        calls.append(name)
        return [["ioffe15-x", name, 0.5 if name == "good" else 2.0, 1.0]]

    monkeypatch.setattr(exact, "PARTS", {n: lambda n=n: part(n) for n in ("good", "bad")})
    command = ["run", "ioffe2015.exact", "--out", str(tmp_path)]
    assert BENCHMARKS.main(command) == BENCHMARKS.main(command) == 0
    assert calls == ["good", "bad"]
    assert "1 of 2 quantities are within their limits." in capsys.readouterr().out
    (table,) = (tmp_path / "tables").glob("*.md")
    assert "not reproduced" in table.read_text()


@pytest.mark.once
def test_the_network_beside_the_table(monkeypatch, tmp_path):
    def built(model):
        shapes = architecture.PRINTED | architecture.HALVING
        if model == "bn_inception":
            shapes["module_4c"] = "14×14×608"
        return {"shapes": shapes, "parameters": 13_000_000 if model == "bn_inception" else 1}

    monkeypatch.setattr(architecture, "built", built)
    assert BENCHMARKS.main(["run", "ioffe2015.architecture", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "ioffe2015.architecture.md").read_text()
    assert "2 of 4 quantities are within their limits." in page
    assert "13,000,000 (608, -4%)" in page


@pytest.mark.once
def test_a_layer_without_the_statistics_gradient_is_not_the_papers(monkeypatch):
    def ignorant(epsilon: float = 1e-3) -> BatchNormalization:
        return BatchNormalization(epsilon=epsilon, statistics_gradient=False, dtype="float64")

    monkeypatch.setattr(equations, "layer", ignorant)
    monkeypatch.setattr(equations, "FACTOR", 1.0)
    monkeypatch.setattr(equations, "SHIFT", 0.0)
    assert "largest |ours − closed form| of dx, dγ, dβ" in fails(equations.backward())
