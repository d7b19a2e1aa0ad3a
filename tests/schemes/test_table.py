"""The table of normalizers in the documentation is the one that the registry gives."""

from __future__ import annotations

from pathlib import Path

import pytest

import keras_norms
from keras_norms.schemes.table import table

pytestmark = pytest.mark.once

LAYERS = Path(__file__).parents[2] / "docs/layers.md"


def test_the_page_of_the_layers_has_the_table_of_the_registry():
    assert table() in LAYERS.read_text(), "run python -m keras_norms.schemes.table"


def test_every_name_has_a_row():
    rows = table().splitlines()[2:]
    specs = {row.split("`")[3].partition("(")[0] for row in rows}
    assert specs == set(keras_norms.names()) - {"none"}
