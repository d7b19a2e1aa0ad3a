"""The log as a file, and for TensorBoard."""

from __future__ import annotations

import csv
import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from keras_norms import NormMonitor
from keras_norms.layers import BatchNormalization
from tests.gradients import BACKEND
from tests.probes.models import X, Y, fit, probed, sequential


def test_a_tidy_table(tmp_path):
    path = tmp_path / "new" / "norms.csv"
    model = sequential(BatchNormalization)
    probed(NormMonitor(X, csv=path), model)
    monitor = NormMonitor((X, Y), csv=path)
    fit(model, monitor)  # writes it anew
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["epoch", "step", "layer", "quantity", "value"]
    assert len(rows) == len(monitor.report)
    for row, known in zip(rows, monitor.report, strict=True):
        assert {name: str(value) for name, value in known.items()} == row
    assert len({(r["step"], r["layer"], r["quantity"]) for r in rows}) == len(rows)
    frame = pytest.importorskip("pandas").read_csv(path)
    norm = frame[frame.layer == "norm"].pivot(index="step", columns="quantity", values="value")
    assert list(norm.index) == [0, 3, 6]


class Pretended:
    """What tensorboardX and torch offer, without a file."""

    def __init__(self, folder):
        self.folder, self.scalars, self.flushed = folder, [], 0
        Pretended.last = self

    def add_scalar(self, tag, value, step):
        self.scalars.append((tag, value, step))

    def flush(self):
        self.flushed += 1


def installed(monkeypatch, name):
    """As if of all packages that write event files there were only this."""
    real = importlib.import_module

    def load(wanted, *rest):
        if wanted == name:
            return SimpleNamespace(SummaryWriter=Pretended)
        if wanted in ("tensorboardX", "torch.utils.tensorboard"):
            raise ImportError(wanted)
        return real(wanted, *rest)

    monkeypatch.setattr(importlib, "import_module", load)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="other backends write by other packages")
def test_event_files_by_tensorflow(tmp_path, monkeypatch):
    import tensorflow as tf

    installed(monkeypatch, None)
    monitor = NormMonitor((X, Y), tensorboard=tmp_path)
    fit(sequential(BatchNormalization), monitor)
    (file,) = tmp_path.iterdir()
    found = {}
    for event in tf.compat.v1.train.summary_iterator(str(file)):
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name == "scalars"
            found[value.tag, event.step] = float(tf.make_ndarray(value.tensor))
    assert len(found) == len(monitor.report)
    for row in monitor.report:
        got = found[f"{row['layer']}/{row['quantity']}", row["step"]]
        np.testing.assert_allclose(got, row["value"], rtol=1e-6)


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow writes by itself")
@pytest.mark.parametrize("name", ["tensorboardX", "torch.utils.tensorboard"])
def test_event_files_by_other_packages(tmp_path, monkeypatch, name):
    installed(monkeypatch, name)
    monitor = NormMonitor((X, Y), tensorboard=tmp_path)
    probed(monitor, sequential(BatchNormalization))
    monitor.on_epoch_end(0)
    assert Pretended.last.folder == str(tmp_path)
    wanted = [(f"{r['layer']}/{r['quantity']}", r["value"], r["step"]) for r in monitor.report]
    assert Pretended.last.scalars == wanted
    assert Pretended.last.flushed == 2


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow writes by itself")
def test_without_any_the_error_says_what_to_install(tmp_path, monkeypatch):
    installed(monkeypatch, None)
    with pytest.raises(ImportError, match="pip install tensorboardX"):
        NormMonitor(X, tensorboard=tmp_path)


def test_a_function_of_the_user():
    """As `wandb.log` and `mlflow.log_metrics` are called: values by name, and the step."""
    seen = []
    monitor = NormMonitor((X, Y), sink=lambda values, step: seen.append((step, values)))
    fit(sequential(BatchNormalization), monitor)
    assert [step for step, _ in seen] == [0, 3, 6]
    wanted = {
        (row["step"], f"{row['layer']}/{row['quantity']}"): row["value"] for row in monitor.report
    }
    assert {(step, name): v for step, values in seen for name, v in values.items()} == wanted
    with pytest.raises(ValueError, match="sink=3"):
        NormMonitor(X, sink=3)


@pytest.mark.full
def test_the_wide_form_and_the_plot():
    pytest.importorskip("pandas")
    pytest.importorskip("matplotlib")
    monitor = NormMonitor((X, Y))
    with pytest.raises(ValueError, match="nothing yet"):
        monitor.plot("loss")
    model = sequential(BatchNormalization)
    fit(model, monitor)
    table = monitor.wide()
    assert list(table.index.names) == ["epoch", "step", "layer"]
    assert list(table.index[:2]) == [(0, 0, "norm"), (0, 0, model.name)]
    for row in monitor.report:
        assert table.loc[(row["epoch"], row["step"], row["layer"]), row["quantity"]] == row["value"]
    assert table.notna().sum().sum() == len(monitor.report)
    figure = monitor.plot("gamma mean", "loss")
    above, below = figure.axes
    assert [axes.get_ylabel() for axes in figure.axes] == ["gamma mean", "loss"]
    for axes, layer, quantity in ((above, "norm", "gamma mean"), (below, model.name, "loss")):
        (line,) = axes.get_lines()
        logged = [r["value"] for r in monitor.report if r["quantity"] == quantity]
        np.testing.assert_array_equal(line.get_xdata(), [0, 3, 6])
        np.testing.assert_array_equal(line.get_ydata(), logged)
        assert line.get_label() == layer
    with pytest.raises(ValueError, match="'gamma mean'"):
        monitor.plot("gama mean")
