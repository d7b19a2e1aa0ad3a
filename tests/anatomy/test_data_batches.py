"""Data in whatever form Keras's `predict` and `fit` take it, row by row the same."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from keras_norms.anatomy.data_batches import Batches
from keras_norms.surgery import audit, recalibrate
from tests.gradients import array

X = np.random.default_rng(0).normal(3, 2, (64, 4)).astype("float32")


class ArrayLike:
    """Nothing but what NumPy asks for."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)


def hdf5(values, folder):
    file = pytest.importorskip("h5py").File(folder / "x.h5", "w")
    file["x"] = values
    return file["x"]


FORMS = {
    "numpy": lambda values, folder: values,
    "backend": lambda values, folder: keras.ops.convert_to_tensor(values),
    "variable": lambda values, folder: keras.Variable(values),
    "hdf5": hdf5,
    "pandas": lambda values, folder: pytest.importorskip("pandas").DataFrame(values),
    "csr": lambda values, folder: pytest.importorskip("scipy.sparse").csr_matrix(values),
    "coo": lambda values, folder: pytest.importorskip("scipy.sparse").coo_matrix(values),
    "array-like": lambda values, folder: ArrayLike(values),
    "memory map": lambda values, folder: np.memmap(
        folder / "x", "float32", "w+", shape=values.shape
    ),
    "tensor of tensorflow": lambda values, folder: pytest.importorskip("tensorflow").constant(
        values
    ),
    "tensor of jax": lambda values, folder: pytest.importorskip("jax.numpy").asarray(values),
    "tensor of torch": lambda values, folder: pytest.importorskip("torch").tensor(values),
}


@pytest.mark.parametrize("columns", [4, 1])
@pytest.mark.parametrize("name", FORMS)
def test_whole_arrays_are_cut_into_batches_of_rows(name, columns, tmp_path):
    values = X[:, :columns]
    data = FORMS[name](values, tmp_path)
    if name == "memory map":
        data[:] = values
    for given in (data, (data,), (data, values[:, 0])):
        found = [np.asarray(array(x)) for x, _, _ in Batches(given, None, 10)]
        assert [len(x) for x in found] == [10] * 6 + [4]
        np.testing.assert_array_equal(np.concatenate(found), values)


@pytest.mark.parametrize("name", FORMS)
def test_batches_of_a_list(name, tmp_path):
    batches = [FORMS[name](X[:32], tmp_path), X[32:]]
    if name == "memory map":
        batches[0][:] = X[:32]
    found = [array(x) for x, _, _ in Batches(batches, None, 10)]
    np.testing.assert_array_equal(np.concatenate(found), X)


def two_inputs(outputs=1):
    i, j = keras.Input((4,)), keras.Input((4,))
    h = layers.BatchNormalization(name="bn")(layers.Add()([i, j]))
    ends = [layers.Dense(1)(h) for _ in range(outputs)]
    model = keras.Model([i, j], ends if outputs > 1 else ends[0])
    model.compile("sgd", ["mse"] * outputs if outputs > 1 else "mse")
    return model


LABELS = X[:, :1]
PAIRS = {
    "list as predict takes it": lambda: [X, X],
    "list in a tuple": lambda: ([X, X],),
    "list and labels": lambda: ([X, X], LABELS),
    "batches of lists": lambda: [([X[:32], X[:32]], LABELS[:32]), ([X[32:], X[32:]], LABELS[32:])],
}


@pytest.mark.parametrize("name", PAIRS)
def test_several_inputs(name):
    model = two_inputs()
    new, report = recalibrate(model, PAIRS[name](), verbose=False)
    assert report["bn"]["values"] == 64
    np.testing.assert_allclose(array(new.get_layer("bn").moving_mean), 2 * X.mean(0), rtol=1e-4)
    found = audit(model, PAIRS[name](), verbose=False)
    assert found["bn"]["values"] == 64
    assert ("labels" in name or "batches" in name) == any(r["layer"] == "loss" for r in found)


def test_audit_of_several_outputs():
    model = two_inputs(2)
    data = ((X, X), [LABELS, LABELS])
    report = audit(model, ([X, X], [LABELS, LABELS]), verbose=False)
    wanted = model.evaluate(list(data[0]), data[1], batch_size=32, verbose=0, return_dict=True)
    assert report["loss"]["now"] == pytest.approx(wanted["loss"], rel=1e-4)


def test_audit_of_batches_of_varying_length():
    draw = np.random.default_rng(0)
    x = keras.Input((None, 3))
    pooled = layers.GlobalAveragePooling1D()(layers.BatchNormalization(name="bn")(x))
    model = keras.Model(x, layers.Dense(1)(pooled))
    model.compile("sgd", "mse")
    data = [(draw.normal(size=(8, n, 3)).astype("float32"), np.zeros((8, 1))) for n in (5, 5, 7, 9)]
    report = audit(model, data, verbose=False)
    assert report["bn"]["values"] == 8 * 26
    assert np.isfinite(report["loss"]["recalibrated"])


class Summing(keras.Model):
    """A program that takes a dict or a list."""

    def __init__(self, **options):
        super().__init__(**options)
        self.dense, self.bn = layers.Dense(4), layers.BatchNormalization(name="bn")

    def call(self, x, training=None):
        both = x["a"] + x["b"] if isinstance(x, dict) else x[0] + x[1]
        return self.bn(self.dense(both), training=training)

    def get_config(self):
        return {}


@pytest.mark.parametrize("data", [{"a": X, "b": X}, [X, X], (X, X)], ids=["dict", "list", "tuple"])
@pytest.mark.parametrize("once", [False, True])
def test_recalibration_of_a_program_on_structures(data, once):
    model = Summing()
    model(data)
    given = iter([(data,)]) if once else (data,)
    new, report = recalibrate(model, given, verbose=False)
    assert new is not model
    assert report["bn"]["values"] == 64
    y = array(new(data))
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-3)


def test_the_first_batch_is_not_lost():
    source = Batches((x for x in (X[:8], X[8:16])), None, 8)
    np.testing.assert_array_equal(array(source.first()), X[:8])
    assert len(list(source)) == 2
    assert Batches(iter([]), None, 8).first() is None


class Mystery:
    """A shape and a type, and no rows."""

    shape, dtype = (4, 4), "float32"


def test_what_cannot_be_cut_is_refused_by_its_type():
    with pytest.raises(ValueError, match=r"Mystery, which cannot be cut into batches.*dense array"):
        Batches(Mystery(), None, 8)


@pytest.mark.parametrize("data", [[[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0], "rows", {1, 2}])
def test_rows_of_numbers_are_no_batches(data):
    with pytest.raises(ValueError, match=r"single number.*np\.asarray"):
        Batches(data, None, 2).first()
