"""Masks: the visible outputs are what they would be with the hidden elements deleted."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.conformance.case import SHAPE, Case, draw, relative
from tests.gradients import array, program, randomize, state
from tests.oracles.arrays import slope

# Every shape a mask for (6, 5, 4) may have: all axes but the last, of full rank and
# broadcastable, or with fewer leading axes.
MASK_SHAPES = ((6, 5), (6, 5, 4), (6, 5, 1), (6, 1, 4), (1, 5, 1), (1, 1, 4), (6,))


class Masks:
    case: Case

    def hidden_steps(self, fill):
        """Samples of unequal length, with `fill` behind their ends, and their mask."""
        mask = np.arange(5) < np.array([5, 3, 2, 4, 0, 3])[:, None]
        return np.where(mask[..., None], draw(SHAPE), np.float32(fill)), mask

    @pytest.mark.full
    @given(data=st.data())
    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    def test_any_mask(self, data):
        shape = data.draw(st.sampled_from(MASK_SHAPES))
        mask = data.draw(arrays(bool, shape))
        everywhere = np.broadcast_to(mask.reshape(shape + (1,) * (3 - len(shape))), SHAPE)
        if self.case.batch_dependent and (everywhere.sum(axis=(0, 1)) == 1).any():
            return  # one value per channel has a test of its own
        layer = self.case.make()
        layer.build(SHAPE)
        weights, x = randomize(layer), draw(SHAPE)
        got = array(layer(x, training=True, mask=mask))
        assert np.isfinite(got).all()
        wanted = self.case.truth(layer, x, weights, everywhere)
        np.testing.assert_allclose(got[everywhere], wanted[everywhere], atol=2e-5)

    @pytest.mark.parametrize("axis", [1, 2, -1])
    @pytest.mark.parametrize("sizes", [(5, 6, 7), (4, 4, 4)])
    def test_the_missing_axis_is_the_last_one(self, axis, sizes):
        """As in Keras, whatever `axis` is, and also where equal sizes would hide a mistake."""
        shape = [3, *sizes]
        shape[axis] = 4
        shape = tuple(shape)
        mask = np.random.default_rng(0).random(shape[:-1]) < 0.7
        everywhere = np.broadcast_to(mask[..., None], shape)
        layer, x = self.case.make(axis=axis), draw(shape)
        got = array(layer(x, training=True, mask=mask))
        wanted = self.case.truth(layer, x, mask=everywhere)
        np.testing.assert_allclose(got[everywhere], wanted[everywhere], atol=2e-5)

    @pytest.mark.parametrize("axis", [1, -1])
    def test_a_mask_of_keras_in_a_model(self, axis):
        """`Masking` hides steps, which `axis=1` makes the channels of."""
        x = draw((6, 4, 4))
        x[:3, -1] = 0
        mask = np.broadcast_to((x != 0).any(-1)[..., None], x.shape)
        layer = self.case.make(axis=axis)
        inputs = keras.Input((4, 4))
        model = keras.Model(inputs, layer(keras.layers.Masking()(inputs)))
        got = array(model(x, training=True))
        wanted = self.case.truth(layer, x, mask=mask)
        np.testing.assert_allclose(got[mask], wanted[mask], atol=2e-5)

    def test_a_mask_of_full_rank_says_anything_else(self):
        mask = np.random.default_rng(0).random((6, 1, 5)) < 0.7
        mask[:2] = True
        layer, x = self.case.make(axis=1), draw((6, 4, 5))
        everywhere = np.broadcast_to(mask, x.shape)
        got = array(layer(x, training=True, mask=mask))
        wanted = self.case.truth(layer, x, mask=everywhere)
        np.testing.assert_allclose(got[everywhere], wanted[everywhere], atol=2e-5)

    def test_at_inference_memory_reads_no_mask(self):
        """Not even one that would not fit; statistics of each example still need theirs."""
        layer, x = self.case.make(), draw(SHAPE)
        if not hasattr(layer, "recall") or layer.reads_examples:
            pytest.skip("takes statistics at inference")
        layer(x, training=True)
        wanted = array(layer(x, training=False))
        np.testing.assert_array_equal(array(layer(x, mask=np.ones((3, 1), bool))), wanted)

    def test_hidden_steps_might_as_well_be_deleted(self, mode):
        mask = np.broadcast_to(np.arange(5) < 3, (6, 5))
        layer, x = self.case.make(), draw(SHAPE)
        masked = program(layer, mode, training=True)(x, None, mask).output[:, :3]
        deleted = program(layer, mode, training=True)(x[:, :3], None).output
        np.testing.assert_allclose(masked, deleted, atol=2e-6)

    def test_no_hidden_element_is_no_mask(self):
        layer, x = self.case.make(), draw(SHAPE)
        masked = array(layer(x, training=True, mask=np.ones((6, 5), bool)))
        np.testing.assert_allclose(masked, array(layer(x, training=True)), atol=2e-6)

    def test_what_is_hidden_spoils_nothing(self, mode):
        layer = self.case.make()
        layer.build(SHAPE)
        weights, fresh, step = randomize(layer), state(layer), program(layer, mode, training=True)
        clean, mask = self.hidden_steps(0.0)
        seen = np.broadcast_to(mask[..., None], SHAPE)
        dy = np.where(seen, draw(SHAPE, 2), np.float32(0))

        def loss(x, weights):
            y = self.case.truth(layer, x, weights, seen)
            return float(np.where(seen, y * dy, 0.0).sum())

        wanted = self.case.truth(layer, clean, weights, seen)
        dx = slope(lambda v: loss(v, weights), clean, 1e-5)
        by_weight = {
            name: slope(lambda w, name=name: loss(clean, {**weights, name: w}), value, 1e-5)
            for name, value in weights.items()
        }
        for fill in (0.0, np.nan, np.inf):
            for variable in layer.non_trainable_variables:
                variable.assign(fresh[variable.name])
            got = step(self.hidden_steps(fill)[0], dy, mask)
            np.testing.assert_allclose(got.output[mask], wanted[mask], atol=2e-5, err_msg=str(fill))
            np.testing.assert_allclose(got.inputs[mask], dx[mask], atol=2e-5, err_msg=str(fill))
            assert (got.inputs[~mask] == 0).all(), fill
            for name, value in by_weight.items():
                np.testing.assert_allclose(got.weights[name], value, atol=5e-5, err_msg=name)
            assert all(np.isfinite(value).all() for value in got.state.values()), fill

    def test_hidden_outputs_have_gradients_too(self, mode):
        """Hidden values are normalized like all others; only the statistics never see them."""
        mask = np.random.default_rng(0).random(SHAPE) < 0.7
        mask[:, :2] = mask[..., :2] = True  # so that every statistic sees some
        layer, x, dy = self.case.make(), draw(SHAPE), draw(SHAPE, 2)
        got = program(layer, mode, training=True)(x, dy, mask)
        dx = slope(lambda v: float((self.case.truth(layer, v, mask=mask) * dy).sum()), x, 1e-5)
        np.testing.assert_allclose(got.output, self.case.truth(layer, x, mask=mask), atol=2e-5)
        np.testing.assert_allclose(got.inputs, dx, atol=5e-5)

    def test_padding_far_from_the_data(self, mode):
        """Zeros behind the ends of data around 1e4: the mean must not be taken from them."""
        x, mask = self.hidden_steps(0.0)
        x = np.where(mask[..., None], x + np.float32(1e4), x)
        layer = self.case.make()
        got = program(layer, mode, training=True)(x, None, mask).output
        wanted = self.case.truth(layer, x, mask=np.broadcast_to(mask[..., None], SHAPE))
        assert relative(got[mask], wanted[mask]) <= 2e-5

    def test_a_fully_masked_batch_changes_nothing(self, mode):
        layer = self.case.make()
        layer.build(SHAPE)
        before = state(layer)
        got = program(layer, mode, training=True)(draw(SHAPE), None, np.zeros((6, 5), bool))
        assert np.isfinite(got.output).all()
        assert np.isfinite(got.inputs).all()
        for name, value in before.items():
            np.testing.assert_array_equal(got.state[name], value, err_msg=name)

    @pytest.mark.parametrize("dtype", ["int32", "float32"])
    def test_zeros_and_ones_are_a_mask(self, dtype):
        x, mask = self.hidden_steps(0.0)
        layer = self.case.make()
        wanted = array(layer(x, training=True, mask=mask))
        got = array(layer(x, training=True, mask=mask.astype(dtype)))
        np.testing.assert_array_equal(got, wanted)

    @pytest.mark.parametrize("shape", [(6, 4), (5, 6), (6, 5, 3), (2, 6, 5, 4)])
    def test_a_mask_of_another_shape(self, shape):
        with pytest.raises(ValueError, match="mask") as error:
            self.case.make()(draw(SHAPE), training=True, mask=np.ones(shape, bool))
        assert str(shape) in str(error.value)

    def test_masks_come_from_embeddings_and_go_on(self):
        tokens = np.array([[1, 2, 3, 0, 0], [4, 5, 0, 0, 0], [6, 1, 2, 3, 4]])
        embedding = keras.layers.Embedding(7, 4, mask_zero=True)
        layer = self.case.make()
        automatic = array(layer(embedding(tokens), training=True))
        values = array(embedding(tokens))
        explicit = array(layer(values, training=True, mask=tokens != 0))
        np.testing.assert_array_equal(automatic, explicit)
        assert layer.supports_masking
        mask = keras.ops.convert_to_tensor(tokens != 0)
        assert layer.compute_mask(values, mask) is mask
