"""Each way of being wrong changes what a program does, and leaves a program."""

from __future__ import annotations

import ast

import pytest

from tests.mutations.operators import applied, places

pytestmark = pytest.mark.once


@pytest.mark.parametrize(("source", "changed"), [
    ("y = a + b", {"y = (a - b)"}),
    ("y = a < b", {"y = (a <= b)"}),
    ("y = a and b", {"y = (a or b)"}),
    ("y = 2.0", {"y = 3.0"}),
    ("y = True", {"y = False"}),
    ("y = ops.stop_gradient(x)", {"y = (x)"}),
    ("y = f(x, mask=m)", {"y = f(x, mask=None)"}),
    ("y = not a", {"y = (a)"}),
    ("y = 'text' + name", set()),
    ("y = (a +\n b)", set()),
    ("ä = ö * b", {"ä = (ö / b)"}),
])  # fmt: skip
def test_places(source, changed):
    found = {applied(source, place) for place in places(source)}
    assert found == changed
    for text in found:
        ast.parse(text)
