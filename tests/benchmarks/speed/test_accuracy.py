"""The accuracy table: its reference is right, and it fails where a layer does."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.speed import accuracy
from tests.conformance.case import draw
from tests.oracles.arrays import slope
from tests.oracles.batch import batch
from tests.oracles.group import group
from tests.oracles.instance import instance
from tests.oracles.layer import layer
from tests.oracles.rms import rms

SMALL = ["--shape", "4", "3", "3", "8"]
ORACLES = {
    "batch": batch,
    "group": lambda x: group(x, groups=accuracy.GROUPS),
    "instance": instance,
    "layer": layer,
    "rms": rms,
}


@pytest.mark.once
@pytest.mark.parametrize("name", ORACLES)
def test_the_reference_is_the_oracle(name):
    x, dy = draw((2, 3, 2, 16), 1).astype("float64"), draw((2, 3, 2, 16), 2).astype("float64")
    *_, axes, centred = accuracy.NORMALIZERS[name]
    y, dx = accuracy.reference(x, dy, axes, centred, 1e-6 if name == "rms" else 1e-3)
    np.testing.assert_allclose(y, ORACLES[name](x), atol=1e-12)
    wanted = slope(lambda v: float((ORACLES[name](v) * dy).sum()), x, 1e-5)
    np.testing.assert_allclose(dx, wanted, atol=1e-8)


def test_the_layers_are_within_the_limit(capsys):
    assert accuracy.main(SMALL) == 0
    table = capsys.readouterr().out
    for name in accuracy.NORMALIZERS:
        assert f"| {name}" in table
    assert "ours" in table
    assert "Keras" in table


def test_a_wrong_layer_fails(monkeypatch, capsys):
    """Instance normalization in place of batch normalization is far from it."""
    _, theirs, axes, centred = accuracy.NORMALIZERS["batch"]
    wrong = (accuracy.NORMALIZERS["instance"][0], theirs, axes, centred)
    monkeypatch.setattr(accuracy, "NORMALIZERS", {"batch": wrong})
    assert accuracy.main(SMALL) == 1


@pytest.mark.once
@pytest.mark.parametrize("shape", ["0 3 3 8", "4 3 3 6"])
def test_a_wrong_shape(shape, capsys):
    with pytest.raises(SystemExit) as exit_code:
        accuracy.main(["--shape", *shape.split()])
    assert exit_code.value.code == 2
    assert "--shape" in capsys.readouterr().err
