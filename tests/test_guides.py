"""The code of every guide runs as it stands, block after block, on every backend.

But for the search of learning rates, which trains dozens of times: its own tests are on all three.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GUIDES = sorted((Path(__file__).parent.parent / "docs/guides").glob("*.md"))
LONG = "learning_rate"


@pytest.mark.full
@pytest.mark.every
@pytest.mark.parametrize("guide", [
    pytest.param(guide, id=guide.stem, marks=[pytest.mark.once] if guide.stem == LONG else [])
    for guide in GUIDES
])  # fmt: skip
def test_its_code_runs(guide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # some of it writes files
    blocks = re.findall(r"```python\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    known: dict[str, object] = {"__name__": "guide"}
    for block in blocks:
        exec(compile(block, guide.name, "exec"), known)
