from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import keras_norms
from keras_norms.lab.models.resnet import resnet
from keras_norms.normfree import ScalarBias, SkipInit, fixup, residual_branches
from tests.conformance.case import draw
from tests.gradients import array


def residual_net(depth=20, spec="none", width=8):
    keras.utils.set_random_seed(0)
    return resnet(
        keras_norms.get(spec), depth=depth, width=width, input_shape=(8, 8, 1), classes=10
    )


class TestInitialization:
    @pytest.mark.parametrize("scalars", [True, False])
    def test_fixup19_init_the_three_rules(self, scalars):
        model = residual_net()
        fixed = fixup(model, scalars=scalars)
        branches = residual_branches(model)
        assert len(branches) == 9
        scaled = {branch.linear[0] for branch in branches}
        zero = {branch.linear[1] for branch in branches} | {model.layers[-1].name}
        for layer in model.layers:
            if not hasattr(layer, "kernel"):
                continue
            before = array(layer.kernel.value)
            after = array(fixed.get_layer(layer.name).kernel.value)
            if layer.name in zero:
                assert (after == 0).all()
            elif layer.name in scaled:  # m = 2: L^(-1/2)
                np.testing.assert_allclose(after, before * 9**-0.5, rtol=1e-6)
                fan = np.prod(before.shape[:-1])
                if before.size > 2000:
                    assert after.std() == pytest.approx(np.sqrt(2 / fan / 9), rel=0.05)
            else:  # the stem and the projections
                np.testing.assert_array_equal(after, before)
        assert (fixed.predict(draw((4, 8, 8, 1)), verbose=0) == 0).all()

    def test_fixup19_init_every_block_is_its_shortcut(self):
        model = residual_net()
        fixed = fixup(model)
        adds = [layer for layer in fixed.layers if isinstance(layer, layers.Add)]
        looks = [value for add in adds for value in add.input]
        seen = keras.Model(fixed.inputs, [*looks, *(add.output for add in adds)])
        values = seen.predict(draw((2, 8, 8, 1)), verbose=0)
        for block in range(9):
            pair, total = values[2 * block : 2 * block + 2], values[18 + block]
            assert sorted(np.abs(v).max() == 0 for v in pair) == [False, True]
            np.testing.assert_array_equal(pair[0] + pair[1], total)

    def test_fixup19_init_scalars(self):
        model = residual_net()
        fixed = fixup(model)
        linear = sum(hasattr(layer, "kernel") for layer in model.layers)
        activations = sum(isinstance(layer, layers.Activation) for layer in model.layers)
        biases = [layer for layer in fixed.layers if isinstance(layer, ScalarBias)]
        multipliers = [layer for layer in fixed.layers if isinstance(layer, SkipInit)]
        assert len(biases) == linear + activations
        assert len(multipliers) == 9
        assert all(array(layer.bias.value) == 0 for layer in biases)
        assert all(array(layer.alpha.value) == 1 for layer in multipliers)

    @pytest.mark.parametrize("m", [1, 3])
    def test_branches_of_other_lengths(self, m):
        inputs = x = keras.Input((6,))
        for block in range(4):
            branch = x
            for i in range(m):
                branch = layers.Dense(6, name=f"b{block}_{i}")(branch)
                branch = layers.ReLU()(branch) if i < m - 1 else branch
            x = layers.Add()([branch, x])
        model = keras.Model(inputs, layers.Dense(2)(x))
        fixed = fixup(model)
        for block in range(4):
            for i in range(m):
                before, after = (
                    array(n.get_layer(f"b{block}_{i}").kernel.value) for n in (model, fixed)
                )
                factor = 0 if i == m - 1 else 4 ** (-1 / (2 * m - 2))
                np.testing.assert_allclose(after, before * factor, rtol=1e-6)

    def test_of_a_separable_convolution_one_kernel_stays(self):
        inputs = keras.Input((6, 6, 3))
        branch = layers.SeparableConv2D(3, 3, padding="same", name="last")(inputs)
        x = layers.GlobalAveragePooling2D()(layers.Add()([inputs, branch]))
        fixed = fixup(keras.Model(inputs, layers.Dense(2)(x)))
        assert (array(fixed.get_layer("last").pointwise_kernel.value) == 0).all()
        assert (array(fixed.get_layer("last").depthwise_kernel.value) != 0).all()

    def test_the_model_itself_is_not_changed(self):
        model = residual_net(8)
        before, names = model.get_weights(), [layer.name for layer in model.layers]
        fixup(model)
        assert [layer.name for layer in model.layers] == names
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    @pytest.mark.full
    def test_gradients_do_not_grow_with_depth(self):
        """A first step of descent moves the outputs alike at any depth, and not without Fixup."""
        moved = {}
        x, y = draw((16, 8, 8, 1), 1), np.arange(16) % 10
        for depth in (8, 38):
            model = fixup(residual_net(depth))
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            model.compile(keras.optimizers.SGD(0.05), loss)
            model.fit(x, y, batch_size=16, epochs=4, verbose=0, shuffle=False)
            moved[depth] = np.abs(model.predict(x, verbose=0)).mean()
        assert 1 / 4 < moved[38] / moved[8] < 4

    @pytest.mark.full
    def test_it_trains_saves_and_loads(self, tmp_path):
        model = fixup(residual_net(14))
        x, y = draw((32, 8, 8, 1), 1), np.arange(32) % 10
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.02, momentum=0.9), loss)
        losses = model.fit(x, y, epochs=12, verbose=0, batch_size=16).history["loss"]
        assert losses[-1] < losses[0]
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(
            loaded.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-5
        )


class TestBranches:
    def test_a_resnet_is_read(self):
        branches = residual_branches(residual_net(20))
        model = residual_net(20)
        for branch, layer in zip(
            residual_branches(model),
            [layer for layer in model.layers if isinstance(layer, layers.Add)],
            strict=True,
        ):
            assert branch.add == layer.name
            assert branch.position == 1
            assert len(branch.linear) == 2
            assert len(branch.layers) == 3
        assert len(branches) == 9

    @pytest.mark.parametrize("swapped", [False, True])
    def test_the_branch_is_the_longer_side(self, swapped):
        inputs = keras.Input((6,))
        branch = layers.Dense(4, name="one")(inputs)
        branch = layers.Dense(4, name="two")(layers.ReLU(name="act")(branch))
        both = [branch, layers.Dense(4, name="projection")(inputs)]
        x = layers.Add(name="add")(both[::-1] if swapped else both)
        (found,) = residual_branches(keras.Model(inputs, layers.Dense(1)(x)))
        assert found.position == swapped
        assert found.layers == ("one", "act", "two")
        assert found.linear == ("one", "two")


def _equals():
    inputs = keras.Input((4,))
    x = layers.Add(name="culprit")([layers.Dense(4)(inputs), layers.Dense(4)(inputs)])
    return keras.Model(inputs, layers.Dense(2)(x))


def _three():
    inputs = keras.Input((4,))
    x = layers.Add(name="culprit")([inputs, layers.Dense(4)(inputs), layers.Dense(4)(inputs)])
    return keras.Model(inputs, layers.Dense(2)(x))


def _nested():
    inputs = keras.Input((4,))
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4)], name="culprit")
    return keras.Model(inputs, layers.Dense(2)(layers.Add()([inputs, inner(inputs)])))


def _shared():
    inputs = x = keras.Input((4,))
    dense = layers.Dense(4, name="culprit")
    for _ in range(2):
        x = layers.Add()([x, dense(x)])
    return keras.Model(inputs, layers.Dense(2)(x))


def _gated():
    inputs = keras.Input((4,))
    branch = layers.Dense(4)(layers.Dense(4)(inputs))
    branch = layers.Multiply(name="culprit")([branch, layers.Dense(4)(branch)])
    return keras.Model(inputs, layers.Dense(2)(layers.Add()([inputs, branch])))


class TestRefusals:
    @pytest.mark.parametrize("make", [_equals, _three, _nested, _shared, _gated])
    def test_layouts_that_cannot_be_read(self, make):
        with pytest.raises(ValueError, match="'culprit'"):
            fixup(make())

    @pytest.mark.parametrize("spec", ["batch", "group:4", "layer"])
    def test_models_with_normalizers(self, spec):
        with pytest.raises(ValueError, match="normalizers"):
            fixup(residual_net(8, spec))

    def test_models_without_branches(self):
        inputs = keras.Input((4,))
        for model in (
            keras.Model(inputs, layers.Dense(2)(inputs)),
            keras.Sequential([keras.Input((4,)), layers.Dense(2)]),
            None,
        ):
            with pytest.raises(ValueError, match="model"):
                fixup(model)
