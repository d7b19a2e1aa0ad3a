"""The same inputs behind a mask: what is hidden is enormous, and may be all that was sampled."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.case import draw, relative
from tests.gradients import EVERY_MODE
from tests.kernels.family import FAMILY, step, truth
from tests.kernels.test_adversarial import INPUTS, SHAPES

# No cancellation at all: a masked mean is subtracted before anything is squared.
LIMIT = 2e-5
MASKED = [name for name in FAMILY if FAMILY[name].own is None]


def hidden(pattern, shape, along):
    """True where visible."""
    if pattern == "random":
        return np.random.default_rng(0).random(shape) < 0.7
    mask = np.moveaxis(np.ones(shape, bool), along, 0)
    mask[{"sampled": slice(None, None, 64), "first": slice(1)}[pattern]] = False
    return np.moveaxis(mask, 0, along)


@pytest.mark.parametrize("mode", EVERY_MODE)
@pytest.mark.parametrize("name", MASKED)
@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("pattern", ["random", "sampled", "first"])
@pytest.mark.parametrize("fill", [0.0, 1e4, 1e30])
def test_visible_output_and_gradient(pattern, kind, name, mode, fill):
    member = FAMILY[name]
    shape = SHAPES[member.along]["small"]
    mask = hidden(pattern, shape, member.along)
    x = np.where(mask, INPUTS[kind](draw(shape, 1, mean=0.0), member), np.float32(fill))
    dy = np.where(mask, draw(shape, 2, mean=0.0), np.float32(0))
    run, weights, epsilon = step(name, mode, shape[-1])
    got = run(x, dy, mask)
    y, dx = truth(name, np.where(mask, x, np.float32(0)), dy, weights, epsilon, mask)
    errors = relative(got.output[mask], y[mask]), relative(got.inputs[mask], dx[mask])
    assert np.max(errors) <= LIMIT, errors
