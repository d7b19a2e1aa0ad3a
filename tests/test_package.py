"""What is installed, what an import brings with it, and how the files are kept."""

from __future__ import annotations

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import pytest

ROOT = Path(__file__).parent.parent
BACKEND = keras.config.backend()
OPTIONAL = [
    "optuna", "pandas", "seaborn", "matplotlib", "sklearn", "scipy", "tensorflow_datasets",
    "jinja2", "tabulate", "psutil", "ray", "psycopg2", "pytest", "hypothesis",
]  # fmt: skip
# scipy is a dependency of JAX, and pandas an option that Keras itself tries.
NEEDED = {"jax": {"scipy"}, "tensorflow": set(), "torch": set()}[BACKEND]
PROGRAM = """
import sys

from importlib.machinery import PathFinder

class WithoutThese(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        hidden = name.partition(".")[0] in {forbidden}
        return None if hidden else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutThese
import keras_norms, numpy
unit = keras_norms.get("batch")(__import__("keras").layers.Dense(2), "relu")
assert unit(numpy.ones((3, 2), "float32")).shape == (3, 2)
assert not set(sys.modules) & {forbidden}
print("fine")
"""


def test_layers_and_schemes_need_keras_and_its_backend_alone():
    forbidden = set(OPTIONAL) - NEEDED | {"tensorflow", "jax", "torch"} - {BACKEND}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{forbidden}", repr(forbidden))],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": BACKEND},
    )
    assert run.stdout.strip() == "fine", run.stderr


SAVE = """
import sys, keras, keras_norms
unit = keras_norms.get("weight+batch")(keras.layers.Dense(2), "relu")
layers = [keras.Input((3,)), *unit.layers, keras_norms.normfree.SkipInit()]
keras.Sequential(layers).save(sys.argv[1])
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    file = tmp_path_factory.mktemp("saved") / "model.keras"
    environment = {**os.environ, "KERAS_BACKEND": BACKEND}
    subprocess.run([sys.executable, "-c", SAVE, file], cwd=ROOT, env=environment, check=True)
    return file


@pytest.mark.once
@pytest.mark.parametrize("imports", [
    "import keras, keras_norms",
    "import keras_norms; assert 'keras' not in sys.modules; import keras",
    "import keras_norms.lab.errors, keras_norms.schemes.spec, keras",
    "import keras; from keras_norms.layers import RMSNormalization",
    "from keras_norms import RecalibrateBeforeValidation; import keras",
    "from keras_norms import layers; import keras",
])  # fmt: skip
def test_saved_models_load_whatever_is_imported_first(imports, saved):
    """Keras finds registered classes only."""
    program = f"import sys; {imports}; keras.models.load_model({str(saved)!r}); print('fine')"
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": BACKEND},
    )
    assert run.stdout.strip() == "fine", run.stderr


@pytest.mark.once
@pytest.mark.parametrize("package", ["keras_norms", "keras_norms.schemes"])
def test_type_checkers_see_the_names_that_are_loaded_late(package):
    module = importlib.import_module(package)
    tree = ast.parse(Path(module.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and not node.orelse]
    seen = {alias.asname for node in block.body for alias in node.names}
    assert seen <= set(dir(module))
    assert {getattr(module, name) is not None for name in seen} == {True}
    late = module._PUBLIC if package == "keras_norms" else set(module._HOMES)
    assert seen == late - {"schemes"}
    with pytest.raises(AttributeError, match="no attribute 'bach'"):
        module.bach  # noqa: B018


@pytest.mark.once
def test_the_wheel_holds_the_package_alone(tmp_path):
    source = tmp_path / "source"  # a copy, since building leaves its traces
    ignored = shutil.ignore_patterns(".*", "__pycache__", "build", "results", "*.egg-info")
    shutil.copytree(ROOT, source, ignore=ignored)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    run = subprocess.run(
        [*build, "--wheel-dir", tmp_path, source], capture_output=True, text=True, cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    info = {name for name in names if ".dist-info/" in name}
    assert {name.partition("/")[0] for name in set(names) - info} == {"keras_norms"}
    in_tree = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "keras_norms").rglob("*")
        if file.suffix in (".py", ".html") or file.name == "py.typed"
    }
    assert set(names) - info == in_tree
    (licence,) = (name for name in info if name.endswith("/LICENSE"))
    assert "Apache License" in zipfile.ZipFile(wheel).read(licence).decode()
    (metadata,) = (name for name in info if name.endswith("/METADATA"))
    page = zipfile.ZipFile(wheel).read(metadata).decode()
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert len(links) > 5
    assert [link for link in links if not link.startswith("https://")] == []


@pytest.mark.once
def test_files_are_short_and_named_after_an_idea():
    folders = ("keras_norms", "studies", "benchmarks", "tests")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    assert len(files) > 40
    assert [str(f) for f in files if len(f.read_text().splitlines()) > 250] == []
    nameless = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [str(f) for f in files if nameless & {f.stem, f.parent.name}] == []
