"""The sampler as a package of OptunaHub: complete, and importable where there is no framework."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import optuna
import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "keras_norms" / "lab" / "edges" / "threshold_sampler"
FRAMEWORKS = ("keras", "tensorflow", "jax", "torch", "pandas", "seaborn", "matplotlib", "sklearn",
              "rich", "psutil", "filelock", "tenacity", "tabulate", "jinja2")  # fmt: skip
# An environment of NumPy, SciPy and Optuna alone, and the loader of optunahub, which imports the
# folder under a name of its own.
PROGRAM = """
import importlib.util, runpy, sys, types
from pathlib import Path

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in FRAMEWORKS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

def load_local_module(package, registry_root):
    file = Path(registry_root) / package / "__init__.py"
    name = "optunahub_registry." + package
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=[])
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

sys.meta_path.insert(0, Refused())
hub = sys.modules["optunahub"] = types.ModuleType("optunahub")
hub.load_local_module = load_local_module
runpy.run_path(EXAMPLE, run_name="__main__")
assert not {name.partition(".")[0] for name in sys.modules} & {*FRAMEWORKS}
"""


def test_its_example_runs_where_there_is_no_framework():
    program = PROGRAM.replace("FRAMEWORKS", repr(FRAMEWORKS))
    program = program.replace("EXAMPLE", repr(str(PACKAGE / "example.py")))
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = dict(line.split(": ") for line in ran.stdout.splitlines()[:3])
    low, high = map(float, found["blow_up"].split(" to "))
    # Descent on w^2 / 2 is ten times above its start within 60 steps from |1 - rate|^118 = 10 on.
    assert low < 1 + 10 ** (1 / 118) < high < 2.05 * low
    assert [*found] == ["useful", "alive", "blow_up"]


def test_a_framework_is_refused():
    program = PROGRAM.replace("FRAMEWORKS", repr(FRAMEWORKS)).partition("runpy.run_path")[0]
    ran = subprocess.run(
        [sys.executable, "-c", program + "import keras"], capture_output=True, text=True, cwd=ROOT,
        check=False,
    )  # fmt: skip
    assert "No module named 'keras'" in ran.stderr


def test_the_folder_has_what_the_hub_asks_for():
    assert {"LICENSE", "README.md", "__init__.py", "example.py"} <= {
        file.name for file in PACKAGE.iterdir()
    }
    assert (PACKAGE / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    _, front, text = (PACKAGE / "README.md").read_text().split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in front.splitlines())
    assert [*fields] == ["author", "title", "description", "tags", "optuna_versions", "license"]
    assert "sampler" in fields["tags"].strip("[]").split(", ")
    assert optuna.__version__.split(".")[0] in {
        version.split(".")[0] for version in fields["optuna_versions"].strip("[]").split(", ")
    }
    for heading in ("Abstract", "Class or Function Names", "Installation", "Example", "Others"):
        assert f"\n## {heading}\n" in text


def test_its_comparison_is_the_page_s():
    page = (ROOT / "benchmarks" / "results" / "search" / "search.md").read_text()
    table = page.partition("one seed: by the method's own")[2].partition("a seed a run")[0]
    rows = re.findall(r"^\| (\w+) +\|(.*)\|$", table, re.MULTILINE)
    published = {name: re.findall(r"([\d.]+ %) /", rest) for name, rest in rows}
    readme = (PACKAGE / "README.md").read_text().partition("### Comparison")[2]
    printed = re.findall(r"^\| (\w+) \| ((?:[\d.]+ % \|? ?){4})", readme, re.MULTILINE)
    assert len(printed) == 6
    for name, cells in printed:
        places = [published[name][place] for place in (0, 1, 3, 4)]  # 8 and 12 runs of each edge
        assert re.findall(r"[\d.]+ %", cells) == places
