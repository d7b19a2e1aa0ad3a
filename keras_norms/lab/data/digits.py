"""Handwritten digits that come with scikit-learn: the default, with no network and no files."""

from __future__ import annotations

import numpy as np

from keras_norms.lab.data.images import ImageData
from keras_norms.lab.data.preparation import Prepare

TRAINING_IMAGES = 1400
SHUFFLE_SEED = 0


def digits(prepare: Prepare) -> ImageData:
    """1,797 grey images of 8x8 pixels, ten classes: 1,400 to train on, 397 to test.

    The split is one fixed shuffle; scikit-learn's order keeps each writer's digits together.
    """
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(SHUFFLE_SEED).permutation(len(x))
    x, y = x[order].reshape(-1, 8, 8, 1), y[order]
    train, test = slice(TRAINING_IMAGES), slice(TRAINING_IMAGES, None)
    return prepare("digits", (x[train], y[train]), (x[test], y[test]), classes=10)
