"""Write what later versions must load: `python -m tests.compatibility.write`, once a version.

A model with a branch for each spec below, trained one step, as a `.keras` file and as a weights
file; the specs and layer configurations as JSON; an input, and each branch's output at inference.
"""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np

import keras_norms
from keras_norms import normfree

FOLDER = Path(__file__).parent
# Every name of the registry, and the ways in which specs combine and take arguments.
COMBINED = (
    "batch:momentum=0.9,unbiased=True,debiased=True",
    "batch:momentum=None",
    "batch:center=False,scale=False",
    "ws+group:2",
    "weight+mean_only",
    "proxy(group:2)",
)


# What four channels and eight examples ask for.
SPLIT = ("group", "evonorm_s0", "evonorm_s0a", "evonorm_s1", "evonorm_s1a")
NEEDED = {name: f"{name}:groups=2" for name in SPLIT}
NEEDED |= {"ghost": "ghost:virtual_batch_size=4", "proxy": "proxy(layer)"}


def specs() -> list[str]:
    return [*(NEEDED.get(name, name) for name in keras_norms.names()), *COMBINED]


def branches(inputs: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
    """A small convolution with the normalizer of each spec."""
    outputs = {}
    for number, spec in enumerate(specs()):
        unit = keras_norms.get(spec)(keras.layers.Conv2D(4, 2, padding="same"), "relu")
        outputs[f"branch_{number}"] = unit(inputs)
    outputs["skip_init"] = normfree.SkipInit()(inputs)
    return outputs


def trained() -> keras.Model:
    """One step away from where it began, with statistics and weights that are not at rest."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4, 4, 4))
    model = keras.Model(inputs, branches(inputs))
    optimizer = normfree.AdaptiveGradientClipping(keras.optimizers.SGD(0.01, momentum=0.9))
    model.compile(optimizer, "mse")
    x = np.random.default_rng(0).normal(1, 2, (8, 4, 4, 4)).astype("float32")
    model.fit(x, dict.fromkeys(model.output, x), batch_size=8, verbose=0)
    return model


def main() -> None:
    folder = FOLDER / f"v{keras_norms.__version__}"
    model = trained()
    folder.mkdir()
    model.save(folder / "model.keras")
    model.save_weights(folder / "model.weights.h5")
    x = np.random.default_rng(1).normal(1, 2, (2, 4, 4, 4)).astype("float32")
    outputs = {name: np.asarray(y) for name, y in model.predict(x, verbose=0).items()}
    np.savez_compressed(folder / "expected.npz", inputs=x, **outputs)
    known = {
        "specs": {f"branch_{n}": spec for n, spec in enumerate(specs())},
        "schemes": [keras_norms.serialize(spec) for spec in specs()],
        "layers": [
            keras.saving.serialize_keras_object(layer)
            for layer in model.layers
            if type(layer).__module__.startswith("keras_norms.")
        ],
    }
    (folder / "known.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
