"""Freezing normalizers so that it holds at once, in a compiled and fitted model too."""

from __future__ import annotations

from typing import Any

import keras

from keras_norms.anatomy.normalizers import never_called, normalizers, paths
from keras_norms.anatomy.report import NEVER, Report
from keras_norms.surgery.compiled import copied_slots, inmost


def freeze(model: keras.Model) -> Report:
    """Freeze the normalizers with moving statistics: these, gamma and beta no longer change.

    From the next `fit()` on, without another `compile()`, they normalize by their moving
    statistics in training too. Keras alone would go on with the step that it traced before.
    For that the model's step is traced anew and, where the set of trained weights is another, its
    optimizer is made again over the new set, with the state of all weights that stay in it.

    Unlike the other operations this one changes the model that it is given, as setting
    `trainable` does. A model around it that was compiled must be compiled again; or freeze that.

    Args:
        model: any built model.

    Returns:
        A `Report` with a row for each normalizer: what it was and what was done.

    Raises:
        ValueError: the model is not built.
    """
    return _set(model, False)


def unfreeze(model: keras.Model) -> Report:
    """Undo `freeze`: statistics, gamma and beta of all normalizers change again in training.

    The optimizer's state of weights that were frozen begins anew.

    Args:
        model: any built model.

    Returns:
        A `Report` with a row for each normalizer.

    Raises:
        ValueError: the model is not built.
    """
    return _set(model, True)


def _set(model: keras.Model, trainable: bool) -> Report:
    layers = normalizers(model)
    done = "unfrozen" if trainable else "frozen"
    report = Report(f"Normalizers of {model.name!r} {done}")
    # First: layers of ours warn those models that go on with a step traced before.
    for inner in (model, *(layer for _, layer in paths(model))):
        if getattr(inner, "train_function", None) is not None:
            inner.train_function = None
    for path, layer in layers.items():
        was = "trainable" if layer.trainable else "frozen"
        changed = bool(layer.trainable) != trainable
        layer.trainable = trainable
        report.add(path, kind=type(layer).__name__, was=was, done=done if changed else "nothing")
    for path, layer in never_called(model).items():
        report.add(path, kind=type(layer).__name__, done=NEVER)
    if not layers:
        report.note("The model has no normalizer with moving statistics.")
    if trainable and layers and not model.trainable:
        report.note(
            f"Model {model.name!r} itself has trainable=False: the statistics change again, gamma "
            "and beta do not. Set model.trainable = True, which thaws all of it."
        )
    for path, layer in layers.items():
        if not trainable and (inner := [name for name, _ in paths(layer)]):
            report.note(f"Layer {path!r} is frozen together with {', '.join(inner)} inside it.")
    _renew_optimizer(model)
    return report


def _renew_optimizer(model: keras.Model) -> None:
    """An optimizer over the weights that are trainable now, if there was one over others."""
    old: Any = getattr(model, "optimizer", None)
    if old is None or not old.built:
        return
    weights = model.trainable_variables
    # Not public: which weights the optimizer was built with.
    if [id(w) for w in weights] == [id(w) for w in inmost(old)._trainable_variables]:
        return
    new = type(old).from_config(old.get_config())
    new.build(weights)
    copied_slots(old, new)
    model.optimizer = new
