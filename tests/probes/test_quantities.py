"""What a probe says, against float64."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms import layers as ours
from keras_norms.probes import NormMonitor
from keras_norms.surgery import audit
from tests.conformance.case import draw
from tests.gradients import array
from tests.oracles.batch import batch, gradient
from tests.probes.models import X, Y, compiled, probed, sequential
from tests.surgery.models import randomized


@pytest.mark.parametrize(("kind", "regularized"), [
    (ours.BatchNormalization, True),
    (layers.BatchNormalization, False),
])  # fmt: skip
def test_batch_normalization(kind, regularized):
    """The whole chain by hand: dropout is off, the statistics are those of the batch."""
    decay = keras.regularizers.L2(0.1) if regularized else None
    model = randomized(sequential(lambda **given: kind(gamma_regularizer=decay, **given)))
    norm, before, after = (model.get_layer(name) for name in ("norm", "before", "after"))
    gamma, beta, kernel, bias, last, shift = (
        array(v.value).astype(np.float64)
        for v in (norm.gamma, norm.beta, before.kernel, before.bias, after.kernel, after.bias)
    )
    x = X.astype(np.float64)
    z = x @ kernel + bias
    normalized = batch(z, gamma, beta)
    error = normalized @ last + shift - Y
    dy = 2 * error @ last.T / error.size
    dz, dgamma, dbeta = gradient(z, gamma, dy)
    penalty = 0.1 * np.sum(gamma**2) if regularized else 0.0
    dgamma = dgamma + (0.2 * gamma if regularized else 0.0)
    rest = [x.T @ dz, dz.sum(0), dgamma, dbeta, normalized.T @ error * 2 / error.size]
    rest.append(2 * error.sum(0) / error.size)

    found = probed(NormMonitor((X, Y)), model)
    row = found["norm"]
    wanted = {
        "input mean": z.mean(),
        "input deviation": z.std(),
        "output mean": normalized.mean(),
        "output deviation": normalized.std(),
        "gamma mean": gamma.mean(),
        "gamma min": gamma.min(),
        "gamma max": gamma.max(),
        "gamma gradient": np.linalg.norm(dgamma),
        "beta gradient": np.linalg.norm(dbeta),
        "kernel gradient": np.linalg.norm(x.T @ dz),
    }
    for name, value in wanted.items():
        np.testing.assert_allclose(row[name], value, rtol=1e-4, atol=1e-6, err_msg=name)
    report = audit(model, X, batch_size=len(X), verbose=False)["norm"]
    for name in ("mean gap", "worst", "log ratio", "worst ratio"):
        assert report[name] == pytest.approx(row.pop(name), rel=1e-5)
    assert set(row) == set(wanted)
    whole = found[model.name]
    np.testing.assert_allclose(whole["loss"], np.mean(error**2) + penalty, rtol=1e-5)
    wanted = np.sqrt(sum(np.sum(part**2) for part in rest))
    np.testing.assert_allclose(whole["gradient"], wanted, rtol=1e-4)


@pytest.mark.parametrize("kind", [
    layers.LayerNormalization,
    ours.RMSNormalization,
    ours.EvoNormB0,
    ours.GhostBatchNormalization,
])  # fmt: skip
def test_every_kind_is_found(kind):
    row = probed(NormMonitor((X, Y)), sequential(kind))["norm"]
    assert {"input mean", "output deviation", "gamma gradient", "kernel gradient"} <= set(row)
    assert ("log ratio" in row) is hasattr(kind, "remembers")
    assert all(np.isfinite(value) for value in row.values())


def test_far_from_zero():
    model = compiled(keras.Sequential([keras.Input((4,)), ours.BatchNormalization(name="norm")]))
    x = draw((64, 4), mean=1e4)
    row = probed(NormMonitor(x), model)["norm"]
    np.testing.assert_allclose(row["input mean"], x.astype(np.float64).mean(), rtol=1e-6)
    np.testing.assert_allclose(row["input deviation"], x.astype(np.float64).std(), rtol=1e-4)


def test_the_loss_is_that_of_the_model():
    """With sample weights and with what layers add to it."""
    model = compiled(
        keras.Sequential([
            keras.Input((4,)),
            layers.Dense(3, activity_regularizer=keras.regularizers.L2(0.1)),
            layers.LayerNormalization(),
            layers.Dense(2, kernel_regularizer=keras.regularizers.L1(0.1)),
        ])
    )  # fmt: skip
    weights = np.linspace(0, 1, len(X), dtype="float32")
    wanted = model.evaluate(X, Y, sample_weight=weights, batch_size=len(X), verbose=0)[0]
    found = probed(NormMonitor((X, Y, weights)), model)
    np.testing.assert_allclose(found[model.name]["loss"], wanted, rtol=1e-5)


def test_without_labels_there_is_no_gradient():
    model = sequential(ours.BatchNormalization)
    found = probed(NormMonitor(X), model)
    assert set(found) == {"norm"}
    assert not any("gradient" in name for name in found["norm"])
    assert "mean gap" in found["norm"]


def test_hidden_values_do_not_count():
    x = draw((6, 5, 4), mean=2.0)
    hidden = np.arange(5) >= np.array([5, 3, 2, 4, 1, 3])[:, None]
    x[hidden] = 0.0
    model = keras.Sequential([keras.Input((5, 4)), layers.Masking(), ours.BatchNormalization()])
    (row,) = probed(NormMonitor(x), compiled(model)).values()
    seen = x[~hidden].astype(np.float64)
    np.testing.assert_allclose(row["input mean"], seen.mean(), rtol=1e-5)
    np.testing.assert_allclose(row["input deviation"], seen.std(), rtol=1e-5)


@pytest.mark.full
def test_nested_and_shared_with_several_inputs_and_outputs():
    shared = ours.BatchNormalization(name="shared")
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(2, name="linear"), layers.BatchNormalization(name="bn")],
        name="inner",
    )
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    model = keras.Model({"a": a, "b": b}, [inner(shared(a)), inner(shared(b))])
    model.compile(keras.optimizers.SGD(0.1), ["mse", "mae"])
    data = {"a": X, "b": 10 * X}
    model.fit(data, [Y, Y], verbose=0)  # so that the metrics of the two outputs hold something
    found = probed(NormMonitor((data, [Y, Y])), model)
    assert set(found) == {"shared", "inner/bn", model.name}
    both = np.concatenate([X, 10 * X]).astype(np.float64)
    np.testing.assert_allclose(found["shared"]["input mean"], both.mean(), rtol=1e-5)
    np.testing.assert_allclose(found["shared"]["input deviation"], both.std(), rtol=1e-5)
    assert found["inner/bn"]["kernel gradient"] > 0
    assert "kernel gradient" not in found["shared"]


def test_frozen_layers_are_as_they_are_in_training():
    model = sequential(ours.BatchNormalization)
    model.get_layer("norm").trainable = False
    compiled(model)
    row = probed(NormMonitor((X, Y)), model)["norm"]
    z = X @ array(model.get_layer("before").kernel.value)
    np.testing.assert_allclose(row["output deviation"], z.std() / np.sqrt(1.001), rtol=1e-4)
    assert "gamma gradient" not in row
    assert row["mean gap"] > 0.1


def test_small_gradients_in_half_precision():
    """Scaled by the optimizer's factor, without which 1e-7 is zero in float16."""
    found = []
    for policy in ("float32", "mixed_float16"):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([
            keras.Input((4,)),
            layers.Dense(3, dtype=policy),
            ours.BatchNormalization(name="norm", dtype=policy),
            layers.Dense(2, dtype=policy),
            layers.Rescaling(1e-4),
        ])  # fmt: skip
        optimizer = keras.optimizers.SGD(0.1)
        if policy != "float32":
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        model.compile(optimizer, "mse")
        model.optimizer.build(model.trainable_variables)
        found.append(probed(NormMonitor((X, 1e-4 * Y)), model)["norm"])
    for name in ("gamma gradient", "kernel gradient", "output deviation"):
        assert found[1][name] == pytest.approx(found[0][name], rel=2e-2)
