"""How much faster a folded network predicts."""

from __future__ import annotations

import keras
import numpy as np

from benchmarks.speed.cells import sizes
from benchmarks.speed.clock import forget, interleaved
from keras_norms.lab.machine import require_machine
from keras_norms.surgery import fold

BATCHES = 4  # of one call: what it costs to start counts less so, as in use


def seconds(
    *, network: str, images: str, rounds: int, machine: str
) -> dict[str, dict[str, list[float]]]:
    """CPU seconds of `predict` on four batches of images before ("whole") and after ("folded").

    Neither model is compiled by XLA but where the backend knows nothing else.
    """
    require_machine(machine)
    forget()
    batch, *shape = sizes(images)
    keras.utils.set_random_seed(0)
    whole = getattr(keras.applications, network)(weights=None, input_shape=tuple(shape))
    folded, _ = fold(whole)
    x = np.random.default_rng(0).normal(size=(BATCHES * batch, *shape)).astype("float32")
    models = {"whole": whole, "folded": folded}
    for model in models.values():
        model.compile(jit_compile=keras.config.backend() == "jax")
        model.predict(x[:batch], verbose=0)  # TensorFlow optimizes the graph at the second call
    sides = {
        name: lambda model=model: model.predict(x, batch_size=batch, verbose=0)
        for name, model in models.items()
    }
    return {"seconds": interleaved(sides, rounds=rounds)}
