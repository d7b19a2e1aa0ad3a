"""Workers on a Ray cluster: what is said where Ray is absent; nothing else imports it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.progress import Progress
from keras_norms.lab.workers import Task, share

pytestmark = pytest.mark.once


def test_ray_is_imported_only_where_it_is_asked_for():
    script = "import sys, keras_norms.lab.command as _; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_without_ray_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "keras_norms.lab.workers.cluster", raising=False)
    task, ledger = Task((), str(tmp_path)), Ledger.open(tmp_path)
    with pytest.raises(BadInput, match=r"--launcher ray needs ray; .*keras-norms\[distributed\]"):
        share(task, 2, "ray", Progress(None), ledger, [])
