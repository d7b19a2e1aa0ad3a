"""The stair: each floor imports only from the floors above it, and backends stay in their rooms."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
# From the top down; "keras_norms" itself is the package's front door, which the lab goes through.
STAIR = ["kernels", "layers", "weights", "schemes", "anatomy", "normfree", "surgery", "probes"]
STAIR += ["keras_norms", "lab", "studies", "benchmarks", "tests"]
APART = {"probes": "surgery"}  # and not the other way either: the stair forbids that
BACKENDS = {"tensorflow", "jax", "torch"}
# Images that come as a stream are TensorFlow's on every backend, and `fit` draws torch's dropout.
STREAMS = {
    "keras_norms/lab/data/crops.py": {"tensorflow"},
    "keras_norms/lab/training/streamed.py": {"tensorflow", "torch"},
}


def floor(dotted: str) -> str | None:
    """The floor that a dotted name stands on: None for what is not of this house."""
    house, _, rest = dotted.partition(".")
    room = rest.partition(".")[0]
    if house == "keras_norms" and room in STAIR[: STAIR.index("studies")]:
        return room
    return house if house in STAIR else None


def imports(source: str, types: bool = True) -> Iterator[str]:
    """Every dotted name that the source imports, wherever the statement stands.

    Args:
        source: the text of a module.
        types: whether those below `if TYPE_CHECKING` count.
    """
    tree = ast.parse(source)
    unseen = [] if types else [n for n in ast.walk(tree) if isinstance(n, ast.If)]
    unseen = [n for n in unseen if ast.unparse(n.test).endswith("TYPE_CHECKING")]
    skipped = {id(inner) for node in unseen for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the direction"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wrong(path: Path, source: str) -> list[str]:
    """The imports of a file that go down the stair, or to a backend from outside its room."""
    own = STAIR.index(floor(".".join(path.with_suffix("").parts)))
    names = list(imports(source))
    down = [name for name in names if floor(name) and STAIR.index(floor(name)) > own]
    allowed = {path.stem.partition("_")[0]} | STREAMS.get(str(path), set())
    backends = {name for name in names if name.partition(".")[0] in BACKENDS - allowed}
    apart = [name for name in names if floor(name) and floor(name) == APART.get(STAIR[own])]
    return [*down, *apart, *backends] if path.parts[0] == "keras_norms" else down


def circles(sources: dict[str, str]) -> list[set[str]]:
    """The sets of modules that import each other, round whatever corners, late imports included.

    What a module imports for type checkers alone never runs.
    """
    taken = {module: set(_taken(module, source, sources)) for module, source in sources.items()}
    reached = {}
    for module in taken:
        waiting, found = [*taken[module]], set()
        while waiting:
            if (other := waiting.pop()) not in found:
                found.add(other)
                waiting += taken[other]
        reached[module] = found
    sets = {frozenset(m for m in reached[own] if own in reached[m]) for own in reached}
    return [set(members) for members in sets if members]


def _taken(module: str, source: str, known: Collection[str]) -> Iterator[str]:
    for name in imports(source, types=False):
        while name not in known and "." in name:
            name = name.rpartition(".")[0]
        if name in known and name != module:
            yield name


@pytest.mark.parametrize("floor", ["keras_norms", "studies", "benchmarks", "tests"])
def test_imports_go_up_the_stair(floor):
    files = [file.relative_to(ROOT) for file in (ROOT / floor).rglob("*.py")]
    assert files
    found = {str(file): wrong(file, (ROOT / file).read_text()) for file in files}
    assert {file: names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(("file", "source"), [
    ("keras_norms/kernels/moments.py", "from keras_norms.layers import batch"),
    ("keras_norms/layers/base.py", "import keras_norms"),
    ("keras_norms/probes/ray.py", "def f():\n    from keras_norms import lab"),
    ("keras_norms/probes/ray.py", "def f():\n    from keras_norms.surgery import fold"),
    ("keras_norms/anatomy/graph.py", "from keras_norms.surgery.fold import fold"),
    ("keras_norms/schemes/spec.py", "from keras_norms.normfree import fixup"),
    ("keras_norms/lab/trials.py", "import studies.frontier"),
    ("studies/frontier.py", "from benchmarks import quick"),
    ("benchmarks/quick.py", "from tests.gradients import program"),
    ("keras_norms/layers/batch.py", "import tensorflow as tf"),
    ("keras_norms/kernels/jax.py", "import torch"),
])  # fmt: skip
def test_a_step_down_is_seen(file, source):
    assert wrong(Path(file), source)


def test_no_modules_import_each_other():
    files = {file: file.relative_to(ROOT) for file in (ROOT / "keras_norms").rglob("*.py")}
    dotted = {file: ".".join(short.with_suffix("").parts) for file, short in files.items()}
    sources = {dotted[file].removesuffix(".__init__"): file.read_text() for file in files}
    assert circles(sources) == []


@pytest.mark.parametrize("late", [False, True])
def test_a_circle_is_seen(late):
    third = "def f():\n    from house import a" if late else "import house.a"
    sources = {"house": "", "house.a": "from house.b import x", "house.b": "import house.c"}
    assert circles({**sources, "house.c": third}) == [{"house.a", "house.b", "house.c"}]
    assert circles({**sources, "house.c": "import os"}) == []
    assert circles({**sources, "house.c": "if TYPE_CHECKING:\n    import house.a"}) == []


def test_only_the_lab_needs_more_than_keras():
    allowed = {"keras", "numpy", "keras_norms", *BACKENDS, *sys.stdlib_module_names}
    for file in (ROOT / "keras_norms").rglob("*.py"):
        if "lab" not in file.relative_to(ROOT).parts:
            houses = {name.partition(".")[0] for name in imports(file.read_text())}
            assert houses <= allowed, file
