"""Every normalizer in a small network: losses, targets, and a spec for each name."""

from __future__ import annotations

import numpy as np
import pytest

import keras_norms
from benchmarks import fit_losses, specs
from benchmarks.family import Family
from keras_norms.lab.errors import BadInput
from tests.benchmarks.made_up import found, page

pytestmark = pytest.mark.once


def test_every_name_has_a_spec():
    for name, spec in specs.every().items():
        assert name in {*keras_norms.get(spec).name.split("+")}
    assert set(Family.at("cpu").names) == set(specs.every())


@pytest.mark.full
def test_a_loss_falls():
    losses = fit_losses.losses(spec="none", steps=24, seed=10)
    assert len(losses) == 24
    assert np.mean(losses[-10:]) < np.mean(losses[:10])


@pytest.mark.parametrize(("end", "verdict"), [(1.0, "reached"), (4.0, "missed")])
def test_a_loss_that_does_not_fall_misses_the_target(end, verdict, tmp_path):
    family = Family(names=("batch", "none"), backend="jax")
    walked = found(family, tmp_path, lambda job: list(np.linspace(2, end, 100)))
    assert [target.verdict for target in family.claims(walked)] == [verdict] * 2
    assert "| none" in page(family, tmp_path, lambda job: [])


def test_an_unknown_normalizer():
    with pytest.raises(BadInput, match="bathc"):
        Family.at("cpu", {"names": ("bathc",)})


def test_the_loss_of_each_batch_and_not_their_running_mean():
    told = fit_losses.Losses()
    for batch, mean in enumerate([4.0, 3.0, 3.0]):
        told.on_train_batch_end(batch, {"loss": mean})
    assert told.values == [4.0, 2.0, 3.0]
