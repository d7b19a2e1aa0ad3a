"""A search on your own model as a job of the ledger: started by names, read back from rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import optuna

from keras_norms.lab.errors import BadInput
from keras_norms.lab.job import Bench
from keras_norms.lab.max_learning_rate.result import MaxLearningRate
from keras_norms.lab.max_learning_rate.search import finished_trial, result_of
from keras_norms.lab.user_object import load


def search(
    model: str,
    data: str,
    bench: Bench,
    sources: str = "",
    validation_data: str = "",
    **options: Any,
) -> dict[str, Any]:
    """Finds the edges, and returns the rows of the runs with the settings.

    Args:
        model, data, validation_data: as the command line has them.
        sources: digests of their files, which are part of the job's key.
        options: of `find_max_learning_rate`.

    Raises:
        BadInput: they cannot be imported, or raise.
    """
    from keras_norms.lab.max_learning_rate.find import find_max_learning_rate

    folder = bench.checkpoints
    # More runs or seeds go on where fewer ended; all else is another study.
    asked = {"data": data, "validation_data": validation_data, **options}
    kept = {name: value for name, value in asked.items() if name not in ("runs", "seeds")}
    found = find_max_learning_rate(
        load("model", named(model, "model")),
        read(data),
        validation_data=read(validation_data, "validation_data") if validation_data else None,
        storage=None if folder is None else folder / f"max_learning_rate-{sources}.log",
        study_name=", ".join(f"{name}={value}" for name, value in sorted(kept.items())),
        progress=False,
        **options,
    )
    rows = [
        {"params": trial.params, "attributes": trial.user_attrs, "value": trial.value}
        for trial in found.trials
    ]
    return {"rows": rows, "settings": found.settings, "seeds": len(found.seeds)}


def rebuilt(content: dict[str, Any]) -> MaxLearningRate:
    """The result that `search` returned."""
    settings = content["settings"]
    study = optuna.create_study(direction="minimize")
    for row in content["rows"]:
        study.add_trial(finished_trial(row["params"], row["attributes"], row["value"], settings))
    return result_of(study, content["seeds"], settings)


def named(path: str, option: str) -> str:
    """`@module.attribute` for `module:attribute`.

    Raises:
        BadInput: it is written otherwise.
    """
    if path.startswith("@"):
        return path
    module, colon, name = path.partition(":")
    words = [*module.split("."), *name.split(".")]
    if not (colon and all(word.isidentifier() for word in words)):
        raise BadInput(
            f"{option}={path[:60]!r} names nothing; write MODULE:NAME, as in mymodule:build"
        )
    return f"@{module}.{name}"


def read(path: str, option: str = "data") -> Any:
    """The data that an option names: FILE.npz with arrays x and y, or MODULE:NAME.

    A name is that of data, or of a function or class that gives them.

    A file may have weights of its examples as well, as sample_weight.

    Raises:
        BadInput: there is no such file, it has no x and y, or the function raises.
    """
    if not path.endswith(".npz"):
        found = load(option, named(path, option))
        made = hasattr(found, "__getitem__") and not isinstance(found, type)
        if made or not callable(found):
            return found
        try:
            return found()
        except Exception as error:
            said = f"{type(error).__name__}: {error}".split("\n")[0]
            raise BadInput(f"{option}={path!r} raised {said}; mend the function") from error
    try:
        with np.load(Path(path)) as arrays:
            weights = [arrays[name] for name in ("sample_weight",) if name in arrays]
            return arrays["x"], arrays["y"], *weights
    except (OSError, KeyError, ValueError) as error:
        raise BadInput(f"{option}={path!r} is no file with arrays x and y ({error})") from error
