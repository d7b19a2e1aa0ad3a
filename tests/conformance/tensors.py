"""Inputs as frameworks hand them on: without a gradient, of any strides, huge, or not dense."""

from __future__ import annotations

import numpy as np
import pytest

from keras_norms.layers.base import Normalization
from tests.conformance.case import SHAPE, Case, draw
from tests.gradients import BACKEND, array, program, randomize, state


class Tensors:
    case: Case

    @pytest.mark.skipif(BACKEND != "torch", reason="only torch's tensors ask for gradients")
    @pytest.mark.parametrize("shape", [(5, 4), SHAPE, (3, 5, 5, 4), (2, 3, 3, 3, 4)])
    def test_gradients_of_the_weights_alone(self, shape):
        """Of a first layer, behind a frozen trunk, or asked for by name."""
        import torch

        layer, x, dy = self.case.make(), torch.tensor(draw(shape)), torch.tensor(draw(shape, 2))
        layer.build(shape)
        randomize(layer)
        weights = [v.value for v in layer.trainable_variables]
        if not weights:
            pytest.skip("the layer has no weights")
        wanted = program(layer, training=True)(draw(shape), draw(shape, 2)).weights
        for wanting in (False, True):
            y = layer(x.clone().requires_grad_(wanting), training=True)
            got = torch.autograd.grad(y, weights, dy)
            for variable, gradient in zip(layer.trainable_variables, got, strict=True):
                np.testing.assert_allclose(array(gradient), wanted[variable.name], atol=2e-5)

    @pytest.mark.skipif(BACKEND != "torch", reason="only torch's tensors have strides")
    @pytest.mark.parametrize("training", [True, False])
    @pytest.mark.parametrize("axis", [1, -1])
    def test_any_strides(self, axis, training):
        import torch

        layer = self.case.make(axis=axis)
        torch.manual_seed(0)
        inputs = {
            "channels cut": torch.randn(4, 4, 4, 8)[..., ::2],
            "space cut": torch.randn(4, 4, 8, 4)[:, :, 1:5],
            "expanded": torch.randn(4, 1, 1, 4).expand(4, 4, 4, 4),
            "transposed": torch.randn(4, 4, 4, 4).permute(0, 2, 3, 1),
            "channels last": torch.randn(4, 4, 4, 4).to(memory_format=torch.channels_last),
            "flipped and cut": torch.randn(4, 5, 4, 4).flip(1)[:, 1:],
            "a sequence": torch.randn(4, 5, 4)[:, 1:],
            "one example": torch.randn(1, 4, 4, 4).transpose(1, 2),
        }
        for name, x in inputs.items():
            if len(x.shape) == 4:
                self._same_as_contiguous(layer, x, training, name)
            else:
                self._same_as_contiguous(self.case.make(axis=axis), x, training, name)

    def _same_as_contiguous(self, layer, x, training, name):
        import torch

        layer.built or layer.build(tuple(x.shape))
        kept, found = layer.get_weights(), []
        for given in (x, x.contiguous()):
            layer.set_weights(kept)
            given = given.detach().requires_grad_(True)
            y = layer(given, training=training)
            upstream = torch.ones(1).expand_as(y) * y.detach()
            found.append((array(y.detach()), array(torch.autograd.grad(y, given, upstream)[0])))
        for one, other in zip(*found, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5, err_msg=name)

    def test_a_huge_constant(self, mode):
        """1e30 squared overflows, its variance does not: it is zero."""
        layer = self.case.make()
        layer.build(SHAPE)
        beta = randomize(layer).get("beta", np.zeros(SHAPE[-1]))
        got = program(layer, mode, training=True)(np.full(SHAPE, 1e30, "float32"), None)
        if self.case.centred:
            wanted = np.broadcast_to(beta, SHAPE).astype("float32")
            np.testing.assert_array_equal(got.output, wanted)
            assert all(np.isfinite(value).all() for value in got.state.values()), got.state

    def test_a_batch_that_is_not_finite(self, mode):
        """`skip_nonfinite` leaves the averages of spoiled channels as they were."""
        layer = self.case.make()
        if not hasattr(layer, "skip_nonfinite"):
            pytest.skip("the layer remembers nothing")
        layer = self.case.make(skip_nonfinite=True)
        layer.build(SHAPE)
        step = program(layer, mode, training=True)
        step(draw(SHAPE), None)
        before = state(layer)
        for bad in (np.nan, np.inf, -np.inf):
            x = draw(SHAPE)
            x[:, 1] = bad  # in each virtual batch, where there are several
            after = step(x, None).state
            for name, value in before.items():
                if name.startswith("moving"):
                    np.testing.assert_array_equal(after[name], value, err_msg=name)
        spoiled = program(self.case.make(), mode, training=True)(x, None).state
        moving = [value for name, value in spoiled.items() if name.startswith("moving")]
        assert not all(np.isfinite(value).all() for value in moving)

    def test_what_is_no_single_tensor(self):
        for given in ({"a": draw(SHAPE)}, [draw(SHAPE), draw(SHAPE)]):
            for built in (False, True):
                layer = self.case.make()
                built and layer.build(SHAPE)
                with pytest.raises((ValueError, TypeError)) as error:
                    layer(given, training=True)
                said = str(error.value)
                assert "inputs" in said or "tensor" in said, said

    def test_sparse_tensors(self):
        layer = self.case.make()
        layer.build((5, 4))
        dense = draw((5, 4))
        if BACKEND == "tensorflow":
            import tensorflow as tf

            given = [tf.sparse.from_dense(dense)]
        elif BACKEND == "jax":
            from jax.experimental import sparse

            given = [sparse.BCOO.fromdense(dense)]
        else:
            import torch

            given = [torch.tensor(dense).to_sparse(), torch.empty((5, 4), device="meta")]
        for x in given:
            with pytest.raises(ValueError, match="inputs"):
                layer(x, training=True)

    def test_no_channels(self):
        if self.case.layer.build_weights is Normalization.build_weights:
            pytest.skip("no weight is along the channels")
        with pytest.raises(ValueError, match="size zero"):
            self.case.make().build((5, 3, 0))

    @pytest.mark.parametrize("dtype", ["int32", "bool", "uint8"])
    def test_a_dtype_without_fractions(self, dtype):
        with pytest.raises(ValueError, match="dtype") as error:
            self.case.make(dtype=dtype)
        assert dtype in str(error.value)
