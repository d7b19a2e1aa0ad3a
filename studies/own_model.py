"""The edges of a model of one's own, without a line of code about the search.

Question   At which learning rates does this model, with its own optimizer, loss and data, blow up,
           and up to which does it train?
Model      module:function, which gives a new compiled model at each call.
Data       FILE.npz with arrays x and y; or module:name, an object or a function that gives one:
           arrays (x, y), or anything that gives batches again and again.
Output     Both edges with their 90 % intervals, the runs as a CSV, and a figure.
Command    python -m studies frontier --model mymodule:build --data mymodule:data
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_norms.lab.command import BAD_INPUT, STOPPED
from keras_norms.lab.errors import BadInput
from keras_norms.lab.experiments import JOURNAL, writable
from keras_norms.lab.max_learning_rate import find_max_learning_rate

NUMBERS = {
    "low": (float, "smallest learning rate"),
    "high": (float, "largest learning rate"),
    "steps": (int, "step budget of a run"),
    "batch_size": (int, "mini-batch size, of arrays"),
    "runs": (int, "runs a seed at most"),
    "seeds": (int, "how many initial weights"),
}


def main(argv: Sequence[str]) -> int:
    """Finds the edges, prints them and writes them down; returns the exit code."""
    options = parser().parse_args(argv)
    try:
        out = writable(options.out)
        found = find_max_learning_rate(
            named(options.model, "model"),
            read(options.data),
            storage=options.storage or out / JOURNAL,
            study_name=options.model,
            **{name: getattr(options, name) for name in NUMBERS if getattr(options, name)},
        )
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("\nstopped; finished runs are kept, the same command goes on", file=sys.stderr)
        return STOPPED
    found.frame().to_csv(out / "max_learning_rate.csv", index=False)
    found.plot(out / "max_learning_rate.png")
    print(found, f"runs and figure: {out / 'max_learning_rate.csv'} and .png", sep="\n")
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m studies frontier",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--model", required=True, metavar="MODULE:FUNCTION")
    made.add_argument("--data", required=True, metavar="FILE.npz or MODULE:NAME")
    made.add_argument("--out", type=Path, default=Path("results"), metavar="DIR")
    made.add_argument("--storage", metavar="URL", help="default: trials.log in the folder of --out")
    for name, (kind, meaning) in NUMBERS.items():
        option = f"--{name.replace('_', '-')}"
        made.add_argument(option, type=kind, metavar=name.upper(), help=meaning)
    return made


def named(path: str, option: str) -> Any:
    """What `module:name` names.

    Raises:
        BadInput: it is not written so, or there is no such module or name.
    """
    module, colon, name = path.partition(":")
    if not (module and colon and name):
        raise BadInput(f"{option}={path!r} names nothing; write MODULE:NAME, as in mymodule:build")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise BadInput(
            f"{option}={path!r} cannot be found ({error}); start from the folder that has "
            f"{module.partition('.')[0]}.py, and name what stands in it"
        ) from error


def read(path: str) -> Any:
    """The data that an option names.

    Raises:
        BadInput: there is no such file, or it has no x and y.
    """
    if not path.endswith(".npz"):
        found = named(path, "data")
        return found() if callable(found) and not hasattr(found, "__getitem__") else found
    try:
        with np.load(path) as arrays:
            return arrays["x"], arrays["y"]
    except (OSError, KeyError, ValueError) as error:
        raise BadInput(f"data={path!r} is no file with arrays x and y ({error})") from error
