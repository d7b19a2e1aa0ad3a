"""Keras's own layer as a second oracle, where it is right: same arguments, weights and outputs."""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pytest

from tests.conformance.case import SHAPE, Case, draw
from tests.gradients import array, randomize

# Values other than the defaults, to be passed by position.
OTHERS = {
    "axis": 1,
    "groups": 2,
    "momentum": 0.5,
    "epsilon": 0.125,
    "center": False,
    "scale": False,
    "gamma_initializer": "zeros",
    "beta_initializer": "ones",
    "moving_mean_initializer": "ones",
    "moving_variance_initializer": "zeros",
    "gamma_regularizer": "l1",
    "beta_regularizer": "l2",
    "gamma_constraint": "non_neg",
    "beta_constraint": "unit_norm",
    "renorm": True,
    "renorm_clipping": {"rmax": 3.0},
    "renorm_momentum": 0.5,
}


class Likeness:
    """Inherit beside the suite, with `twin`, a class of Keras that the layer takes the place of."""

    case: Case
    twin: type[keras.layers.Layer]

    def pair(self):
        """Keras's layer with random weights and statistics, and ours, untouched."""
        theirs, ours = self.twin(**self.case.settings), self.case.make()
        theirs.build(SHAPE)
        ours.build(SHAPE)
        randomize(theirs)
        theirs(draw(SHAPE, 5), training=True)
        return theirs, ours

    def test_the_defaults_are_keras_defaults(self):
        theirs, ours = self.twin().get_config(), self.case.layer().get_config()
        for name in theirs.keys() - {"name", "dtype"}:
            assert ours[name] == theirs[name], name

    def test_positional_arguments_mean_what_they_mean_in_keras(self):
        theirs, ours = (
            [p for p in inspect.signature(kind.__init__).parameters.values() if p.name != "self"]
            for kind in (self.twin, self.case.layer)
        )
        placed = [p for p in theirs if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert [(p.name, p.default) for p in ours[: len(placed)]] == [
            (p.name, p.default) for p in placed
        ]
        given = [p.name for p in placed if p.name in OTHERS]
        for last in range(1, len(given) + 1):
            values = [OTHERS[name] for name in given[:last]]
            ours = self.case.layer(*values).get_config()
            theirs = self.twin(*values).get_config()
            assert {n: ours[n] for n in given} == {n: theirs[n] for n in given}

    def test_a_keras_configuration_is_accepted(self):
        theirs = self.twin(**self.case.settings, name="old")
        ours = self.case.layer.from_config(theirs.get_config())
        assert ours.name == "old"
        assert ours.epsilon == theirs.epsilon

    def test_weights_travel_both_ways(self):
        theirs, ours = self.pair()
        names = [(v.name, tuple(v.shape), v.trainable) for v in theirs.weights]
        assert [(v.name, tuple(v.shape), v.trainable) for v in ours.weights] == names
        ours.set_weights(theirs.get_weights())
        for training in (True, False):
            x = draw(SHAPE, 6)
            training_only = {"training": training} if self.case.batch_dependent else {}
            wanted = array(theirs(x, **training_only))
            np.testing.assert_allclose(array(ours(x, training=training)), wanted, atol=1e-5)
            for mine, other in zip(ours.weights, theirs.weights, strict=True):
                np.testing.assert_allclose(array(mine), array(other), atol=1e-5)
        theirs.set_weights(ours.get_weights())

    @pytest.mark.full
    def test_a_weights_file_travels_both_ways(self, tmp_path):
        if self.twin.__name__ != self.case.layer.__name__:
            pytest.skip("the file of a model names the layers' classes")
        models = [
            keras.Sequential([keras.Input(SHAPE[1:]), layer, keras.layers.Dense(2)])
            for layer in self.pair()
        ]
        x = draw(SHAPE)
        for one, other in (models, models[::-1]):
            one.layers[0].set_weights([w + 0.1 for w in one.layers[0].get_weights()])
            one.save_weights(tmp_path / "one.weights.h5")
            other.load_weights(tmp_path / "one.weights.h5")
            wanted = one.predict(x, verbose=0)
            np.testing.assert_allclose(other.predict(x, verbose=0), wanted, atol=1e-5)
