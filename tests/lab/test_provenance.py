from __future__ import annotations

import re

import keras
import pytest

import keras_norms
from keras_norms.lab import provenance as module
from keras_norms.lab.provenance import provenance

pytestmark = pytest.mark.once


def test_versions_backend_and_device():
    found = provenance()
    assert found["keras_norms"] == keras_norms.__version__
    assert found["keras"] == keras.__version__
    name, version = found["library"].split()
    assert name == keras.backend.backend()
    assert version == __import__(name).__version__.split("+")[0] or version.startswith("2.")
    assert found["device"].split()[0] in ("cpu", "gpu")


def test_a_processor_is_named_with_cores_and_cache():
    assert re.search(r", [0-9]+ cores(, [0-9.]+ [MK]iB cache)?$", module.processor())


def test_no_commit_outside_a_checkout(monkeypatch, tmp_path):
    (tmp_path / "keras_norms" / "lab").mkdir(parents=True)
    monkeypatch.setattr(module, "__file__", str(tmp_path / "keras_norms" / "lab" / "p.py"))
    assert module._commit() == ""


def test_a_command_that_is_not_there_has_no_answer():
    assert module._first_line("no-such-command-anywhere") == ""
