"""A run that resumes from a checkpoint has the curve that it would have had, bit for bit."""

from __future__ import annotations

import dataclasses
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_norms.lab.data import ImageData
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Outcome, Run, checkpoint, fingerprint, loop
from keras_norms.lab.training.checkpoint import kept_in
from keras_norms.lab.training.program import Program
from tests.lab.training.small import small_data, train_on
from tests.lab.training.test_same_run_same_outcome import but, trained

__all__ = ["trained"]  # the fixture


def dense(test: Callable[..., None]) -> Callable[..., None]:
    """What depends neither on the backend nor on the model is tried on one."""
    return pytest.mark.once(pytest.mark.parametrize("trained", ["mlp"], indirect=True)(test))


def answer(model: keras.Model, data: ImageData) -> dict[str, list[float]]:
    """Numbers that JSON would lose digits of, if it did, and one that it has not."""
    logits = keras.ops.convert_to_numpy(model(data.x_test, training=False)).astype(float)
    return {"means": [*logits.mean(0).tolist(), float("inf")]}


PROBE = "@tests.lab.training.test_checkpoint.answer"


class Killed(Exception):
    pass


def killed(program: Program, run: Run, after: int) -> None:
    """Trains `run` and ends it without a word after a number of steps."""

    def stop(_: Run, step: int) -> None:
        if step > after:
            raise Killed

    with pytest.raises(Killed):
        train_on(program, run, stop)


@pytest.fixture
def one_step_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a checkpoint after each, however long that takes."""
    monkeypatch.setattr(loop, "PATIENCE", 0.0)
    monkeypatch.setattr(checkpoint, "LARGEST_SHARE", float("inf"))


@pytest.mark.usefixtures("one_step_at_a_time")
def test_wherever_it_was_killed(trained: tuple[Program, Outcome], tmp_path: Path):
    program, first = trained
    for after in range(first.run.steps):
        with kept_in(tmp_path / str(after), every=0):
            killed(program, first.run, after)
            train_on(program, but(first, seed=9, steps=2))  # the program is used for something else
            told: list[int] = []
            assert (
                train_on(program, first.run, lambda run, step, told=told: told.append(step))
                == first
            )
            assert told[0] == after + 1


@pytest.mark.usefixtures("one_step_at_a_time")
def test_in_a_program_that_is_new(trained: tuple[Program, Outcome], tmp_path: Path):
    """As after a kill: nothing but the file is left. Killed again and again, too."""
    program, first = trained
    with kept_in(tmp_path, every=0):
        killed(program, first.run, 1)
        killed(program, first.run, 4)
        other = Program(but(first, seed=99, learning_rate=5.0, steps=2), program.data)
        assert train_on(other, first.run) == first


@pytest.mark.usefixtures("one_step_at_a_time")
def test_probes_points_and_costs_are_those_of_the_whole(
    trained: tuple[Program, Outcome], tmp_path: Path
):
    program, first = trained
    run = dataclasses.replace(first.run, probes=(PROBE,))
    whole = train_on(program, run)
    assert [row["step"] for row in whole.probed[PROBE]] == [3, 6, 8]
    points: list[dict[str, float]] = []
    with kept_in(tmp_path, every=0):
        killed(program, run, 4)
        found = checkpoint.Keeper(run, program.data).read()
        again = train_on(program, run, None, lambda run, point: points.append(point))
    assert again == whole
    assert [point["test_loss"] for point in points] == [*whole.curve["test_loss"]]
    assert found.reached.cost.cpu_seconds > 0
    assert again.cost.cpu_seconds > found.reached.cost.cpu_seconds
    assert again.cost.wall_seconds > found.reached.cost.wall_seconds


@pytest.fixture
def kept(
    trained: tuple[Program, Outcome], tmp_path: Path, one_step_at_a_time: None
) -> Iterator[Path]:
    """The checkpoint of the run, killed after three steps."""
    program, first = trained
    with kept_in(tmp_path, every=0):
        killed(program, first.run, 3)
        (path,) = tmp_path.iterdir()
        assert path.name == f"{first.run.key}.npz"
        yield path


def from_the_first_step(program: Program, run: Run, said: str) -> Outcome:
    told: list[int] = []
    with pytest.warns(UserWarning, match=said) as caught:
        outcome = train_on(program, run, lambda run, step: told.append(step))
    assert len([w for w in caught if "checkpoint" in str(w.message)]) == 1
    assert told[0] == 1
    return outcome


@dense
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_file_cut_short_is_not_used(trained, kept: Path, share: float):
    whole = kept.read_bytes()
    kept.write_bytes(whole[: int(share * len(whole))])
    assert from_the_first_step(*trained[:1], trained[1].run, "cannot be read") == trained[1]


@dense
def test_a_damaged_byte_is_noticed_or_makes_no_difference(trained, kept: Path):
    program, first = trained
    whole = kept.read_bytes()
    places = np.random.default_rng(0).integers(0, len(whole), 40)
    refused = 0
    for place in places:
        kept.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert train_on(program, first.run) == first
        refused += bool(caught)
    assert refused > 20


@dense
@pytest.mark.parametrize("later", [{"date": "2999-12-31"}, {"commit": "0123456789ab+"}])
def test_resumed_on_another_day_and_at_another_commit(trained, kept: Path, later, monkeypatch):
    program, first = trained
    origin = fingerprint.provenance() | later
    monkeypatch.setattr(fingerprint, "provenance", lambda: origin)
    told: list[int] = []
    assert train_on(program, first.run, lambda run, step: told.append(step)) == first
    assert told[0] == 4


def another_version(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(fingerprint, "provenance", lambda: {"keras": "2.0"})
    return "keras='.*', where this has '2.0'"


def other_threads(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OMP_NUM_THREADS", "77")
    return f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS')!r}".replace("'77'", ".*77")


def other_code(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(fingerprint, "_digest_of_code", lambda: "another")
    return "code=.*another"


def a_later_format(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(checkpoint, "VERSION", 3)
    return "is of version 2, not 3"


@dense
@pytest.mark.parametrize("change", [another_version, other_threads, other_code, a_later_format])
def test_what_could_give_another_curve_is_not_used(trained, kept: Path, change, monkeypatch):
    program, first = trained
    said = change(monkeypatch)
    assert from_the_first_step(program, first.run, said) == first


@dense
def test_nor_that_of_other_data_or_of_another_probe(trained, kept: Path):
    program, first = trained
    other = small_data(program.data.input_shape[0])
    other.x_train[0, 0, 0, 0] += 1e-6
    moved = Program(first.run, other)
    from_the_first_step(moved, first.run, "images=")
    with pytest.warns(UserWarning, match="probes="):
        killed(program, dataclasses.replace(first.run, probes=(PROBE,)), 3)
    assert from_the_first_step(program, first.run, "probes=.*answer").probed == {}


@dense
def test_another_runs_file_is_refused_and_left_there(trained, kept: Path):
    program, first = trained
    other = but(first, learning_rate=0.2)
    kept.rename(there := kept.with_name(f"{other.key}.npz"))
    before = there.read_bytes()
    with pytest.raises(BadInput, match=r"another run, with learning_rate=0.1, where this has 0.2"):
        train_on(program, other)
    assert there.read_bytes() == before


@dense
def test_a_write_that_fails_leaves_the_checkpoint_before_it(trained, kept: Path, monkeypatch):
    program, first = trained
    before = kept.read_bytes()

    def full(file, **arrays):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.np, "savez", full)
    with pytest.warns(UserWarning, match="cannot be written .No space left on device"):
        assert train_on(program, first.run) == first
    assert kept.read_bytes() == before
    checkpoint.remove(first.run)
    assert [*kept.parent.iterdir()] == []


@dense
@pytest.mark.usefixtures("one_step_at_a_time")
def test_short_runs_write_none_and_slow_writes_are_rare(trained, tmp_path, monkeypatch):
    program, first = trained
    written: list[Path] = []
    monkeypatch.setattr(checkpoint, "_write", lambda path, arrays: written.append(path))
    train_on(program, first.run)
    with kept_in(tmp_path):
        train_on(program, first.run)
    assert written == []
    with kept_in(tmp_path, every=0):
        train_on(program, first.run)
        assert len(written) > 1
        written.clear()
        monkeypatch.setattr(checkpoint, "LARGEST_SHARE", 1e-9)
        train_on(program, first.run)
    assert len(written) == 1
