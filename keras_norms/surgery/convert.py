"""One normalizer for another, throughout a finished model."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import keras

from keras_norms import schemes
from keras_norms.anatomy.graph import graphs
from keras_norms.anatomy.normalizers import paths
from keras_norms.anatomy.report import Report
from keras_norms.anatomy.selection import selected
from keras_norms.surgery.blocks import Blocks
from keras_norms.surgery.conversion import Conversion
from keras_norms.surgery.rebuild import checked_copy

Where = Callable[[keras.layers.Layer], bool] | Collection[str] | None


def convert(
    model: keras.Model, to: Any, where: Where = None, *, check: Any = True
) -> tuple[keras.Model, Report]:
    """A model with other normalizers in the places of those that it has.

    Recognized are the normalizers of this library, weight reparameterizations, and Keras's
    BatchNormalization, LayerNormalization, GroupNormalization and RMSNormalization. Each is
    replaced as `get(to)` would attach to the linear layer before it and the activation after it:

    - gamma and beta are carried wherever both layers have them in the same shape, for they scale
      and shift the same channels; so are `center`, `scale`, their regularizers, constraints and
      initializers, the dtype policy, `trainable`, `synchronized` and the name;
    - all arguments and weights that both have are carried where both are of one kind or average
      the moments of batches: Keras's batch normalization to ours and back gives the same model,
      weight by weight;
    - arguments that the new layer does not take over are named in the report ("without ...");
    - arguments in `to` that differ from their defaults win over what would be carried;
    - groups that are not written in the spec (`"group"`, which means 32) are fewer where 32 do not
      divide the channels: the largest divisor of 32 that does, or without space the largest that
      leaves no group a single value; named in the report;
    - a weight reparameterization is taken off with its effective kernel (`strip`), and the one in
      `to`, if any, is put around the linear layer directly before;
    - a scheme that absorbs the activation (EvoNorm, filter response, proxy) takes the place of
      the activation layer that alone follows;
    - `"none"`, or weights alone as in `"ws"`, takes normalizers away; a linear layer without a bias
      directly before one with a beta then gets that beta as its bias. Scale and statistics are
      lost: this is another network.

    Nothing else is touched. Any conversion but batch to batch computes another function, which
    must be trained or at least tuned. The new model is not compiled.

    Args:
        model: functional or Sequential, built, models inside it included.
        to: a spec such as `"group:8"` or `"ws+group:32"`, or whatever `get` takes, such as
            `keras.layers.BatchNormalization`.
        where: which normalizers: a function of a layer, or names (or paths, as in the report);
            None for all.
        check: the copy that is converted is compared with the original on a small random batch;
            or on these inputs, where inputs are given; or not at all (False).

    Returns:
        The new model, and a report. Its column `done` says `"converted"` or `"left"` of each
        normalizer, `detail` what came of it or why it was left. Left are those on an axis that is
        not the channels, that hold the model's activation inside (EvoNorm, proxy), that are
        inside layers whose call cannot be read as a graph (`Blocks`), shared ones whose
        surroundings would change, and those whose surroundings the scheme refuses (an activation
        layer that is no plain function).

    Raises:
        ValueError: `to` is no spec, or `"cross_iteration"`, which is made with its linear layer;
            `where` names no normalizer; groups in `to` that do not divide the channels, with the
            layers and the numbers that do; one value a mean and variance, with the layers (instance
            normalization of vectors leaves nothing of them); a model or layer that cannot be
            rebuilt.
    """
    scheme = schemes.get(to)
    meant = selected(model, where)
    copy = checked_copy(model, check)
    blocks = Blocks(copy.model, check)
    named = {id(layer): path for path, layer in paths(blocks.model)}
    conversion = Conversion(
        graphs(blocks.model),
        scheme,
        named,
        lambda layer: meant(copy.original(layer)),
        blocks.why,
    )
    report = Report(f"conversion of {model.name!r} to {scheme}")
    for path, done, detail in conversion.decide():
        report.add(path, done=done, detail=detail)
    for sentence in copy.notes:
        report.note(sentence)
    return blocks.rewired(conversion.replacement), report
