"""Batch normalization at inference, folded into the linear layer before or after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from keras_norms.anatomy.graph import Call, graphs, is_graph
from keras_norms.anatomy.linear import array
from keras_norms.anatomy.neighbours import linear_after, linear_before
from keras_norms.anatomy.normalizers import paths
from keras_norms.anatomy.report import Report
from keras_norms.layers.batch import BatchNormalization
from keras_norms.layers.ghost import GhostBatchNormalization
from keras_norms.layers.memory import RememberingNormalization
from keras_norms.layers.renorm import BatchRenormalization
from keras_norms.surgery.blocks import Blocks
from keras_norms.surgery.linear_algebra import Linear, stripped
from keras_norms.surgery.rebuild import checked_copy
from keras_norms.surgery.verification import Witness, require_same_outputs
from keras_norms.weights.base import Reparameterization

# Exactly these have the inference of batch normalization.
KINDS = (
    keras.layers.BatchNormalization,
    BatchNormalization,
    GhostBatchNormalization,
    BatchRenormalization,
)


def fold(model: keras.Model, *, check: Any = True) -> tuple[keras.Model, Report]:
    """A model of the same outputs at inference, with fewer layers.

    Batch normalization by moving statistics is affine per channel:

        y = a * x + b,   a = gamma / sqrt(moving_variance + epsilon),   b = beta - a * moving_mean

    which a linear layer (Dense, convolution, also depthwise, separable and transposed) takes into
    its kernel and bias: `a * (K x + c) + b = (a K) x + (a c + b)` where it comes before, and
    `K (a x + b) + c = (K a) x + (K b + c)` where it comes after and no padding adds zeros that
    are not b. Weight reparameterizations become plain layers with their effective kernel.

    Computed in float64. In exact arithmetic the outputs are equal; in float32 they agree to about
    1e-6 of their size, in half precision to its rounding. Training the folded model is another
    matter: nothing is normalized any more. It saves, loads and quantizes like any other, and is
    not compiled.

    Args:
        model: functional or Sequential, built, models inside it included.
        check: the copy that is folded, and the folded model, are compared with the original on a
            small random batch; or on these inputs, where inputs are given; or not at all (False).
            Inputs that are no floats are compared only where they are given, as the report says.

    Returns:
        The new model, and a report. Its column `done` says `"folded"` or `"left"` of each batch
        normalization, `detail` into what or why; of each weight reparameterization `"stripped"`.
        Left are those after an addition, next to a tensor that something else takes too, next to
        an activation, on an axis that is not the linear layer's, in or next to shared layers,
        called with `training=True`, computing in another dtype than the linear layer, or inside
        layers whose call cannot be read as a graph (`Blocks`). A layer whose call can, and in which
        something is folded, is a model of the same name in the new model.

    Raises:
        ValueError: the model is not built, has no graph, or has a layer that cannot be made again
            from its config; or the outputs would be others.

    Reference: Jacob et al. 2018, arXiv 1712.05877, Section 3.2 (folding after the linear layer).
    """
    copy = checked_copy(model, check)
    blocks = Blocks(copy.model, check)
    named = {id(layer): path for path, layer in paths(blocks.model)}
    folding = _Folding(graphs(blocks.model), named, blocks.why)
    report = Report(f"fold of {model.name!r}")
    for calls in folding.graphs:
        for call in calls:
            folding.treat(call, report)
    if not len(report):
        report.note("Nothing to fold: no batch normalization and no reparameterized weights.")
    elif not any(row["done"] in ("folded", "stripped") for row in report):
        report.note("Nothing was folded: the rows say why.")
    notes = copy.notes
    new = blocks.rewired(folding.replacement)
    if isinstance(copy.seen, Witness):
        require_same_outputs(model, new, copy.seen)
    for sentence in notes:
        report.note(sentence)
    return new, report


class _Folding:
    """What has been decided so far: which layers go, and what the linear ones become."""

    def __init__(
        self,
        found: list[list[Call]],
        paths: dict[int, str],
        closed: Callable[[keras.layers.Layer], str],
    ) -> None:
        self.graphs = found
        self.closed = closed
        self.paths = paths
        self.times = Counter(id(call.operation) for calls in found for call in calls)
        self.linear: dict[int, Linear] = {}
        self.gone: set[int] = set()
        self.named: set[int] = set()

    def treat(self, call: Call, report: Report) -> None:
        layer = call.operation
        if is_graph(layer) or not isinstance(layer, keras.layers.Layer) or id(layer) in self.named:
            return
        self.named.add(id(layer))
        if isinstance(layer, Reparameterization):
            detail = f"{type(layer).__name__} is in the kernel now"
            report.add(self.paths[id(layer)], done="stripped", detail=detail)
        elif type(layer) in KINDS:
            done, detail = self._folded(call)
            report.add(self.paths[id(layer)], done=done, detail=detail)
        elif isinstance(layer, (keras.layers.BatchNormalization, RememberingNormalization)):
            detail = f"{type(layer).__name__} is not known to be affine at inference"
            report.add(self.paths[id(layer)], done="left", detail=detail)
        else:
            for inner in layer._flatten_layers(include_self=False):
                if type(inner) in KINDS:
                    report.add(self.paths[id(inner)], done="left", detail=self.closed(layer))

    def _folded(self, call: Call) -> tuple[str, str]:
        layer = call.operation
        if self.times[id(layer)] > 1:
            return "left", "it is shared: called several times"
        if call.training:
            return "left", "it is called with training=True, so uses the statistics of the batch"
        if not getattr(layer, "track_running_stats", True):
            return "left", "it keeps no moving statistics, so uses those of the batch"
        axes = [*layer.axis] if isinstance(layer.axis, (list, tuple)) else [layer.axis]
        if len(axes) > 1:
            return "left", f"its axis {layer.axis!r} is not the channels alone"
        scale, shift = affine(layer)
        if not (np.isfinite(scale).all() and np.isfinite(shift).all()):
            return "left", "its weights are not finite"
        channel, reasons = axes[0] % call.rank, []
        before = linear_before(call, channel, self.gone)
        reason = before.reason or self._unusable(before.call.operation, bare=True)
        if not reason:
            self._of(before.call.operation).then(scale, shift)
            return self._done(layer, f"into {before.call.name!r} before it")
        reasons.append(f"before it, {reason}")
        after = linear_after(call, channel, self.gone)
        reason = after.reason or self._unusable(after.call.operation, bare=False)
        if not reason and shift.any() and not self._of(after.call.operation).takes_shift:
            reason = f"{after.call.name!r} pads with zeros, which the shift would change"
        if not reason:
            self._of(after.call.operation).after(after.spread(scale), after.spread(shift))
            return self._done(layer, f"into {after.call.name!r} after it")
        return "left", "; ".join([*reasons, f"after it, {reason}"])

    def _unusable(self, layer: Any, bare: bool) -> str:
        """Why a linear layer cannot take anything in; empty where it can."""
        if self.times[id(layer)] > 1:
            return f"{layer.name!r} is shared: called several times"
        inner = layer.layer if isinstance(layer, Reparameterization) else layer
        if getattr(inner, "quantization_mode", None) or getattr(inner, "lora_enabled", False):
            return f"{layer.name!r} is quantized or has LoRA weights"
        if bare and not self._of(layer).is_bare:
            return f"{layer.name!r} has an activation inside, {_said(self._of(layer).activation)}"
        return ""

    def _of(self, layer: Any) -> Linear:
        if id(layer) not in self.linear:
            self.linear[id(layer)] = Linear(layer)
        return self.linear[id(layer)]

    def _done(self, layer: Any, detail: str) -> tuple[str, str]:
        self.gone.add(id(layer))
        return "folded", detail

    def replacement(self, layer: keras.layers.Layer) -> list[keras.layers.Layer] | None:
        if id(layer) in self.gone:
            return []
        if id(layer) in self.linear and self.linear[id(layer)].changed:
            return [self.linear[id(layer)].made()]
        if isinstance(layer, Reparameterization):
            return [stripped(layer)]
        return None


def affine(layer: keras.layers.Layer) -> tuple[np.ndarray, np.ndarray]:
    """Scale and shift of a batch normalization at inference, in float64."""
    mean, variance = array(layer.moving_mean), array(layer.moving_variance)
    scale = 1 / np.sqrt(variance + layer.epsilon)
    if layer.gamma is not None:
        scale = scale * array(layer.gamma)
    shift = -mean * scale
    return scale, shift if layer.beta is None else shift + array(layer.beta)


def _said(activation: Any) -> str:
    return repr(getattr(activation, "__name__", type(activation).__name__))
