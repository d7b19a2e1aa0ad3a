"""A classifier is judged by its accuracy on held-out examples, against always the same answer.

With m the share of the commonest label among the n held-out examples, weights and masks counted, a
run has trained if its accuracy there is above both

    m + (1 - m) / 9          clearly better, as the lab's verdicts have it for balanced labels
    the (1 - 1e-4)-quantile of Binomial(n, m) / n     more than luck, in a hundred runs and more

The model is called as in training, on batches of the same size: the moving averages of a batch
normalization lag behind within the few steps of a run. The positions of one example are not
independent, so that n counts examples; where weights differ it is (sum w)^2 / sum w^2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np
from scipy.stats import binom

from keras_norms.lab.edges.verdict import USEFUL_SHARE
from keras_norms.lab.errors import BadInput
from keras_norms.lab.max_learning_rate.batch import UserBatch
from keras_norms.lab.max_learning_rate.labels import Labels

LUCK = 1e-4  # probability that guesses pass, of one run


class ByAccuracy:
    """What counts as trained and as useful.

    Args:
        labels: how they are read.
        model: before its first step.
        sample: the held-out examples, in batches.
        name: of the argument that they come from.

    Raises:
        BadInput: labels that are all the same, or so few that no accuracy would be more than luck.
    """

    def __init__(
        self, labels: Labels, model: keras.Model, sample: Sequence[UserBatch], name: str = "data"
    ) -> None:
        self._labels, self._sample = labels, sample
        self.classes = labels.classes
        true, weights, unweighted = [], [], 0.0
        for batch in sample:
            outputs = model(batch[0], training=False)
            true.append(labels.true(batch, outputs))
            weights.append(labels.weights(batch, outputs))
            unweighted += labels.weights(batch, outputs, sample=False).sum()
        shares = _shares(labels, true, weights)
        each = np.concatenate([w.reshape(len(w), -1).sum(1) for w in weights])
        if not each.sum() > 0:
            raise BadInput(f"{name}= gives held-out examples that all have weight 0; give others")
        self.examples = int(each.sum() ** 2 / (each**2).sum())
        self.majority = float(shares.max(-1).mean())
        self._require_enough(name)
        luck = float(binom.isf(LUCK, self.examples, self.majority)) / self.examples
        self.above = max(self.majority + (1 - self.majority) / 9, luck)
        entropy = -(shares * np.log(np.maximum(shares, 1e-30))).sum(-1).mean()
        # Keras divides a weighted loss by the number of positions.
        self._chance = float(entropy) * float(sum(w.sum() for w in weights)) / unweighted

    @property
    def rule(self) -> str:
        """What counts as trained, in words."""
        return (
            f"accuracy above {self.above:.3g} on {self.examples} held-out examples, of which "
            f"{self.majority:.3g} have the commonest label"
        )

    @property
    def useful_rule(self) -> str:
        """What counts as useful, in words."""
        if self._labels.cross_entropy:
            return f"and training loss below {self._limit:.3g}, half of that of the label shares"
        return "and training loss below half of the first one"

    def accuracy(self, model: keras.Model) -> float:
        """Of the held-out examples, as the model stands."""
        right = total = 0.0
        for batch in self._sample:
            outputs = model(batch[0], training=True)
            weights = self._labels.weights(batch, outputs)
            right += float((weights * self._labels.right(batch, outputs)).sum())
            total += float(weights.sum())
        return right / total

    def trained(self, model: keras.Model, first: float, last: float) -> tuple[bool, float | None]:
        """Whether a run that ended with a loss of `last` has, and its accuracy."""
        accuracy = self.accuracy(model)
        return accuracy > self.above, accuracy

    def useful(self, first: float, last: float) -> bool:
        """Whether a run that has trained is useful as well."""
        return last < (self._limit if self._labels.cross_entropy else USEFUL_SHARE * first)

    @property
    def _limit(self) -> float:
        return USEFUL_SHARE * self._chance

    def _require_enough(self, name: str) -> None:
        if self.majority >= 1:
            raise BadInput(f"{name}= gives held-out labels that are all the same; give others")
        needed = math.ceil(math.log(LUCK) / math.log(self.majority))
        if self.examples < needed:
            raise BadInput(
                f"{name}= leaves {self.examples} examples to judge runs by, of which "
                f"{self.majority:.3g} have one label: even without an error no run would beat "
                f"luck; give validation_data=(x, y) of {needed} examples or more"
            )


def _shares(
    labels: Labels, true: Sequence[np.ndarray], weights: Sequence[np.ndarray]
) -> np.ndarray:
    """Of the classes, shape (classes,); of binary labels by output, shape (outputs, 2)."""
    if labels.kind == "binary":
        ones, all_ = (
            sum(part.reshape(-1, part.shape[-1]).sum(0) for part in parts)
            for parts in ([t * w for t, w in zip(true, weights, strict=True)], weights)
        )
        share = ones / np.maximum(all_, 1e-30)
        return np.stack([1 - share, share], axis=-1)
    flat = [np.concatenate([part.ravel() for part in parts]) for parts in (true, weights)]
    counted = np.bincount(flat[0].clip(0), flat[1], minlength=labels.classes)
    return counted / max(counted.sum(), 1e-30)
