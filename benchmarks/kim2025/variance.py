"""The variance behind each block of a transformer at initialization."""

from __future__ import annotations

import numpy as np

LETTERS = 64  # different characters


def by_block(
    norm: str, times: list[float], depth: int, width: int, context: int, texts: int, seed: int
) -> list[list[float]]:
    """Of one network with layer normalization on random characters.

    Args:
        norm: where layer normalization stands, see `lab.models.transformer.blocks`.
        times: what the kernels of the blocks are multiplied by, one after another.
        texts: how many, of `context` characters.

    Returns:
        By number of `times` the variance of what leaves each block, over all its values.
    """
    import keras

    import keras_norms
    from benchmarks.ioffe2015.steps import array
    from keras_norms.lab.models.transformer import char_transformer
    from keras_norms.probes.moments import layers_of

    keras.utils.set_random_seed(seed)
    model = char_transformer(
        keras_norms.get("layer"),
        depth=depth,
        width=width,
        input_shape=(context,),
        classes=LETTERS,
        norm=norm,
    )
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)][:-1]
    start = [array(layer.kernel.value) for layer in dense]
    # Two of each a block, behind the attention and behind the perceptron.
    leaving = layers_of(model, "normalizers" if norm == "post" else "additions")[1::2]
    seen = keras.Model(model.input, [layer.output for layer in leaving])
    x = np.random.default_rng(seed).integers(LETTERS, size=(texts, context))
    found = []
    for many in times:
        for layer, kernel in zip(dense, start, strict=True):
            layer.kernel.assign(many * kernel)
        found.append([float(array(y).astype(np.float64).var()) for y in seen(x)])
    return found
