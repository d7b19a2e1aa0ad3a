"""What `compile()` gave a model, given to its copy: loss, metrics, optimizer and its state."""

from __future__ import annotations

import builtins
import warnings
from collections import defaultdict
from typing import Any

import keras
from keras import ops

from keras_norms.anatomy.report import Report


def compiled_like(old: keras.Model, new: keras.Model, report: Report) -> None:
    """Compile `new` as `old` is, if it is, with the optimizer's state; else say so in `report`."""
    if not getattr(old, "compiled", False):
        return
    try:
        with warnings.catch_warnings(), keras.saving.custom_object_scope(_custom_objects(old)):
            warnings.simplefilter("ignore")
            try:
                new.compile_from_config(old.get_compile_config())
            except Exception:  # a loss that no config says, such as a lambda
                _compiled_with_the_same(old, new)
                report.note(
                    f"The new model is compiled with the loss functions of {old.name!r} itself, "
                    "which its config does not say: saved and loaded, it must be compiled again."
                )
    except Exception as error:
        new.compiled = False
        report.note(
            f"The new model is not compiled, since the compile() of {old.name!r} cannot be "
            f"repeated from its config ({type(error).__name__}: {error}). Call compile() on it."
        )
        return
    if old.optimizer is not None and old.optimizer.built and new.compiled:
        copied_slots(old.optimizer, new.optimizer)


def _compiled_with_the_same(old: keras.Model, new: keras.Model) -> None:
    """With the old one's functions themselves, and what has a state made again."""

    def again(given: Any) -> Any:
        stateful = isinstance(given, (keras.Metric, keras.Optimizer))
        return type(given).from_config(given.get_config()) if stateful else given

    metrics = old._compile_metrics
    names = ("_user_metrics", "_user_weighted_metrics")
    plain, weighted = (
        keras.tree.map_structure(again, getattr(metrics, name, None)) for name in names
    )
    new.compile(
        optimizer=again(old.optimizer),
        loss=old.loss,
        loss_weights=getattr(old._compile_loss, "_user_loss_weights", None),
        metrics=plain,
        weighted_metrics=weighted,
        run_eagerly=old.run_eagerly,
        steps_per_execution=old.steps_per_execution,
        jit_compile=old.jit_compile,  # pyright: ignore[reportArgumentType]
    )


def _custom_objects(model: keras.Model) -> dict[str, Any]:
    """The user's losses, metrics and optimizer by name, which need not be registered then."""
    # Not public: the metrics as they were given.
    metrics = getattr(model, "_compile_metrics", None)
    given = [
        model.loss,
        model.optimizer,
        getattr(metrics, "_user_metrics", None),
        getattr(metrics, "_user_weighted_metrics", None),
    ]
    leaves = [leaf for leaf in keras.tree.flatten(given) if leaf is not None]
    kinds = [leaf if hasattr(leaf, "__name__") else type(leaf) for leaf in leaves]
    return {kind.__name__: kind for kind in kinds if not hasattr(builtins, kind.__name__)}


def copied_slots(old: Any, new: Any) -> None:
    """Give a built optimizer the state of another, slot by slot of the same name and shape.

    A slot that the other does not have, or that cannot be told from its namesakes, keeps its
    initial value.
    """
    known, wanted = defaultdict(list), defaultdict(list)
    for slots, optimizer in ((known, old), (wanted, new)):
        for variable in optimizer.variables:
            slots[variable.name, tuple(variable.shape)].append(variable)
    for key, variables in wanted.items():
        if len(known[key]) == len(variables):
            for after, before in zip(variables, known[key], strict=True):
                after.assign(ops.copy(before.value))


def inmost(optimizer: Any) -> Any:
    """The optimizer inside those that scale its loss, which counts the steps."""
    while hasattr(optimizer, "inner_optimizer"):
        optimizer = optimizer.inner_optimizer
    return optimizer
