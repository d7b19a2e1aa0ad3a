"""A command in pieces keeps its minutes, shows what there is, and goes on the next time."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from keras_norms.lab import signals
from keras_norms.lab.carrying_out import Place
from keras_norms.lab.errors import BadInput, BadOption
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.job import Computation
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.options import option
from keras_norms.lab.pieces import Piece, announced, chosen_pieces, in_pieces
from keras_norms.lab.signals import time_limit

pytestmark = pytest.mark.once
HERE = "tests.lab.test_pieces"


@dataclass(frozen=True, kw_only=True)
class Endless(Experiment):
    """Jobs that wait for one another, until a file is there."""

    sign: str = option("", "file without which the second job never ends")
    name_of: str = option("", "of the jobs")

    def plan(self):
        given = {"name": self.name_of, "sign": self.sign}
        found = yield {"first": [Computation(f"{HERE}.waits", {**given, "sign": ""})]}
        assert found["first"][0] == 1
        yield {"second": [Computation(f"{HERE}.waits", given)]}

    def summary(self, found):
        yield f"The second found {found['second'][0]}."


def waits(*, name: str, sign: str) -> int:
    while sign and not Path(sign).exists():
        time.sleep(0.01)
    if name == "impossible":
        raise BadInput("name='impossible' is not to be had: write another")
    return 1


def pieces(sign: Path, *names: str) -> list[Piece]:
    return [
        Piece(name, lambda name=name: Endless(sign=str(sign), name_of=name), minutes=1, gib=1)
        for name in names
    ]


def carried_out(folder: Path, some: list[Piece], minutes: float) -> list[Path]:
    place = Place(folder, workers=1)
    return in_pieces(some, place, minutes=minutes, scale="gpu", command="python -m toys")


def test_the_minutes_are_kept_and_the_next_time_goes_on(tmp_path, capsys):
    """The first piece never ends by itself: that this test ends is what it tests."""
    sign, out = tmp_path / "sign", tmp_path / "out"
    some = pieces(sign, "one", "two")
    (page,) = carried_out(out, some, minutes=0.02)
    assert page == out / "one" / "report.html"
    written = (out / "one" / "report.md").read_text()
    assert "1 of 2 jobs are done." in written
    assert "Still to come" in written
    assert "two: not begun, the time is up" in capsys.readouterr().out
    assert not (out / "two").exists()
    assert Ledger.open(out).under_way() == set(), "its lease is given back"
    sign.touch()
    before = Ledger.open(out).keys()
    assert len(carried_out(out, some, minutes=5)) == 2
    assert before < Ledger.open(out).keys()
    for name in ("one", "two"):
        assert "The second found 1." in (out / name / "report.md").read_text()


def test_a_piece_that_cannot_be_is_named_and_the_next_one_is_done(tmp_path):
    sign = tmp_path / "sign"
    sign.touch()
    with pytest.warns(UserWarning, match="impossible: name='impossible'"):
        pages = carried_out(tmp_path / "out", pieces(sign, "impossible", "good"), minutes=5)
    assert [page.parent.name for page in pages] == ["good"]
    with (
        pytest.warns(UserWarning, match="impossible"),
        pytest.raises(BadInput, match="write another"),
    ):
        carried_out(tmp_path / "none", pieces(sign, "impossible"), minutes=5)


def test_what_would_be_done_is_said_and_nothing_written(tmp_path):
    lines = list(announced(pieces(tmp_path / "sign", "one", "two"), Ledger.open(tmp_path / "out")))
    assert [line for line in lines if not line.startswith(" ")] == [
        "one: Jobs that wait for one another, until a file is there",
        "two: Jobs that wait for one another, until a file is there",
    ]
    assert "  estimated: 1 minutes in all, at most 1 GiB" in lines
    assert "  0 of 1 jobs done" in lines
    assert not (tmp_path / "out").exists()


def test_pieces_are_chosen_by_name(tmp_path):
    some = pieces(tmp_path, "one", "two", "three")
    assert [piece.name for piece in chosen_pieces(some, ["three", "one"])] == ["one", "three"]
    assert chosen_pieces(some, None) == some
    with pytest.raises(BadOption, match="four"):
        chosen_pieces(some, ["four"])


def test_a_limit_gives_back_the_timer_that_it_found():
    heard = []
    before = signal.signal(signal.SIGALRM, lambda *_: heard.append("theirs"))
    earlier, _ = signal.setitimer(signal.ITIMER_REAL, 1000.0)
    try:
        with time_limit(0.01):
            time.sleep(60)
            raise AssertionError("the limit did not come")
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        assert 900 < left < 1000
        with time_limit(None):
            pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, earlier)
        signal.signal(signal.SIGALRM, before)
    assert heard == []


def test_a_limit_that_is_lost_in_a_destructor_comes_again(monkeypatch):
    """As in JAX's callback of the garbage collection: that this test ends is what it tests."""
    monkeypatch.setattr(signals, "AGAIN", 0.3)
    monkeypatch.setattr(sys, "unraisablehook", lambda *_: None)
    lost = []

    class Swallows:
        def __del__(self):
            try:
                while True:
                    time.sleep(0.01)
            finally:
                lost.append(1)

    with time_limit(0.01):
        Swallows()
        while True:
            time.sleep(0.01)
    assert lost
