"""What a network does to signals at initialization, and which principle is at risk."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_norms.anatomy.data_batches import Batches
from keras_norms.anatomy.hidden import WHERE, hidden
from keras_norms.anatomy.report import Report
from keras_norms.probes.moments import layers_of
from keras_norms.probes.network import Network, Signal
from keras_norms.probes.propagation import cosine_similarity, propagation

GROWTH, COLLAPSE, GRADIENTS = "growth", "collapse", "gradients"
# By the calibration of Lubana et al.'s networks in this repository's benchmarks, see `signals`.
FACTOR = 5000.0
SIMILARITY = 0.925
RATIO = 38.0
RATE = 1.22  # a layer: RATIO over the 18 layers between the tenths of 20
TENTH = 10  # the first and the last tenth of the layers are compared


@dataclass
class Signals(Report):
    """One row a linear layer, in the order of their calls; the sentences are the diagnosis.

    Attributes:
        risks: of "growth", "collapse" and "gradients" those at risk.
        growth: variance of the outputs in the last tenth of the layers over that in the first.
        similarity: mean cosine between two examples' last activations.
        ratio: gradient in the first tenth of the layers over that in the last, each times the
            standard deviation of what it is the gradient of.
    """

    risks: tuple[str, ...] = ()
    growth: float = float("nan")
    similarity: float = float("nan")
    ratio: float = field(default=float("nan"))


def signals(model: keras.Model, data: Any, examples: int = 32) -> Signals:
    """Variance, similarity, stable rank and gradient norm by layer, and what they put at risk.

    Of the outputs of each linear layer (whatever has a kernel), on one batch, as in training:
    `variance` is the mean over channels of the channel's variance over examples and places,
    `similarity` the mean cosine of two examples, `rank` the stable rank of their Gram matrix,
    `gradient` the norm of the gradient in the outputs. The loss is the sum of the model's outputs,
    weighted at random, so that no labels are needed and the model need not be compiled.

    Which principle of Lubana et al. is at risk:

        growth      the variance in the last tenth of the layers (without the head) is more than
                    5000 times that in the first, or less than a 5000th, or not finite
        collapse    the mean cosine of two examples' last activations (before a global pool) is
                    above 0.925, and that of the inputs is not
        gradients   the gradient in the first tenth of the layers is more than 38 times that in the
                    last tenth (without the head), and grows by more than 1.22 a layer; each is
                    multiplied by the standard deviation of the outputs, so that the scale of
                    kernels plays no part

    The thresholds come from one calibration alone: in a ResNet-56 the variance grew 4.8-fold with
    batch normalization and 5.4e6-fold without any normalizer (geometric mean 5.1e3); in 20 plain
    convolutions the most similar activations, with one group, had a cosine of 0.925, and gradients
    grew 14.4-fold towards the first with groups of two channels and 101-fold with groups of one
    (geometric mean 38, or 1.22 for each of the 18 layers between the tenths). They mark what lies
    beyond networks that train, and are no test that a network will.

    Nothing of the model changes: no training step is made, and weights, moving averages and random
    states stay. A layer that is called several times has several rows.

    Args:
        model: built; functional, sequential or of a class of your own.
        data: a batch x or (x, y), or batches of which the first is taken.
        examples: of them at most; all of their signals are held in memory.

    Returns:
        A `Signals`: print it, or read `risks`.

    Raises:
        ValueError: a model that is not built, one without a linear layer, or fewer than two
            examples.

    Reference: Lubana, Dick & Tanaka 2021, arXiv 2106.05956.
    """
    x = _batch(model, data, examples)
    linear, features = layers_of(model, "linear"), layers_of(model, "features")
    if not linear:
        raise ValueError(
            f"Argument `model` ({model.name!r}) has no layer with a kernel: there is nothing to see"
        )
    found = Signals(f"Signals of {model.name!r} at initialization")
    seen, unseen = _look(model, [*linear, *features], x)
    for name in unseen:
        found.note(f"{name!r} has no row: the model calls it {WHERE}.")
    pools = {layer.name for layer in features} - {layer.name for layer in linear}
    rows = [signal for signal in seen if signal.layer not in pools]
    last = next((s for s in reversed(seen) if s.layer in pools), rows[-1])
    for signal in rows:
        found.add(signal.layer, **propagation(signal))
    _diagnose(found, cosine_similarity(rows[0].input), cosine_similarity(last.input))
    return found


def _batch(model: Any, data: Any, examples: int) -> Any:
    if not getattr(model, "built", False):
        raise ValueError(
            f"Argument `model` ({getattr(model, 'name', model)!r}) is not built: call it once on "
            "an example."
        )
    inputs = len(getattr(model, "inputs", None) or [None])
    x = next(iter(Batches(data, 1, sys.maxsize, inputs)), (None,))[0]
    x = keras.tree.map_structure(lambda leaf: ops.convert_to_tensor(leaf)[:examples], x)
    sizes = {leaf.shape[0] for leaf in keras.tree.flatten(x)}
    if min(sizes, default=0) < 2:
        raise ValueError(
            f"Argument `data` must have two examples or more, to compare. Received: {sizes}"
        )
    return x


def _look(model: Any, layers: list[Any], x: Any) -> tuple[list[Signal], list[str]]:
    """The signals of the layers, and the names of those that cannot be seen."""
    unique = list({id(layer): layer for layer in layers}.values())

    def look(some: Any) -> list[Signal]:
        return Network(model, list(some), _anything).look(x, np.zeros(1, np.float32)).signals

    try:
        return look(unique), []
    except Exception:
        unseen = hidden({layer.path: layer for layer in unique}, lambda some: look(some.values()))
        if not unseen:
            raise
        return look([layer for layer in unique if layer.path not in unseen]), unseen


def _anything(y: Any, outputs: Any) -> Any:
    """A loss that depends on every output, each with a weight of its own: the same at each call."""
    total = 0.0
    for k, output in enumerate(keras.tree.flatten(outputs)):
        if keras.backend.is_float_dtype(output.dtype):
            weights = np.random.default_rng(k).normal(size=tuple(output.shape))
            total += ops.sum(
                ops.cast(output, "float32") * ops.convert_to_tensor(weights, "float32")
            )
    return total


def _diagnose(found: Signals, before: float, similarity: float) -> None:
    body = found.rows[:-1] or found.rows  # without the head
    size = max(1, len(body) // TENTH)
    variances = np.array([row["variance"] for row in body])
    slopes = np.array([row["gradient"] for row in body]) * np.sqrt(variances)
    found.growth = _over(
        *(float(np.median(part)) for part in (variances[-size:], variances[:size]))
    )
    found.ratio = _over(*(float(np.median(part)) for part in (slopes[:size], slopes[-size:])))
    rate = found.ratio ** (1 / max(1, len(body) - size))
    found.similarity = similarity
    risks = []
    if not 1 / FACTOR <= found.growth <= FACTOR:
        risks.append(GROWTH)
        found.note(
            f"Growth at risk: the variance is multiplied by {found.growth:.3g} from the first "
            "layers to the last. Normalize activations, or start residual branches at zero "
            "(normfree.SkipInit)."
        )
    if similarity > SIMILARITY >= before:
        risks.append(COLLAPSE)
        found.note(
            f"Collapse at risk: the last activations of two examples have a cosine of "
            f"{similarity:.3f} on average, the inputs of {before:.3f}. Use smaller groups, or "
            "batch normalization."
        )
    elif before > SIMILARITY:
        found.note(
            f"The inputs themselves have a cosine of {before:.3f} on average: nothing can be said "
            "of collapse. Centre them, or pass more varied examples."
        )
    if found.ratio > RATIO and rate > RATE:
        risks.append(GRADIENTS)
        found.note(
            f"Gradients at risk: they are {found.ratio:.3g} times as large in the first layers as "
            f"in the last, {rate:.3g} a layer. Use larger groups, shortcuts, or a warm-up of the "
            "learning rate."
        )
    found.risks = tuple(risks)
    if not risks:
        found.note("No principle is at risk.")


def _over(a: float, b: float) -> float:
    """Infinite where either is not finite or nothing is left of `b`."""
    if not (np.isfinite(a) and np.isfinite(b)) or b == 0:
        return float("inf") if a or b else 1.0
    return a / b
