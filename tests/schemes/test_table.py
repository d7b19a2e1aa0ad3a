"""The README's table of normalizers is the one that the registry gives."""

from __future__ import annotations

from pathlib import Path

import pytest

import keras_norms
from keras_norms.schemes.table import table

pytestmark = pytest.mark.once

README = Path(__file__).parent.parent.parent / "README.md"


def test_the_readme_has_the_table_of_the_registry():
    assert table() in README.read_text(), "run python -m keras_norms.schemes.table"


def test_every_name_has_a_row():
    rows = table().splitlines()[2:]
    specs = {row.split("`")[3].partition("(")[0] for row in rows}
    assert specs == set(keras_norms.names()) - {"none"}
