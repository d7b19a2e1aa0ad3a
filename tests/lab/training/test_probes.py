"""Probes of a run: when they look, what they answer, and that they change nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Outcome, Run, checkpoint, loop
from keras_norms.lab.training.checkpoint import kept_in
from keras_norms.lab.training.probe_table import PROBES
from keras_norms.lab.training.program import Program
from tests.lab.training.small import small_data, small_run, train_on

RUN = small_run(
    model="plain", depth=3, width=4, normalizer="batch:momentum=0.9", momentum=0.9, dropout=0.3,
    steps=6, evaluate_every=3, data="digits:flip=true,crop=1",
)  # fmt: skip
SPECS = {
    "moments": "moments:at=(0,4),by=channel",
    "propagation": "propagation:at=0,of=features,side=input",
    "gradients": "gradients:layers=2,bins=9",
    "ray": "ray:at=(0,2,6),points=5",
    "step": "step:at=1,layers=(1,3),shares=3",
    "smoothness": "smoothness:at=5,points=2",
    "covariate_shift": "covariate_shift:at=4,layers=(1,3)",
    "curvature": "curvature:at=3,examples=20",
    "outputs": "outputs:at=0",
    "cancellation": "cancellation:at=0,layers=(1,2),entries=4",
    "weights": "weights:at=(2,3)",
}


@pytest.fixture(scope="module")
def both() -> tuple[Outcome, Outcome]:
    """The run without its probes, and with all of them."""
    program = Program(RUN, small_data(8))
    return train_on(program, RUN), train_on(program, replace(RUN, probes=tuple(SPECS.values())))


def rows(outcome: Outcome, name: str) -> list[dict]:
    (probe,) = [text for text in outcome.probed if text.startswith(name)]
    return outcome.probed[probe]


@pytest.mark.full
def test_every_probe_is_tried_here_and_none_changes_the_training(both):
    plain, probed = both
    assert SPECS.keys() == PROBES.keys()
    assert probed.as_dict() | {"cost": 0} == plain.as_dict() | {"cost": 0}
    assert {*probed.probed} == {*probed.run.probes}


def test_when_they_look(both):
    steps = {name: [row["step"] for row in rows(both[1], name)] for name in SPECS}
    assert steps == {
        "moments": [0, 4], "propagation": [0], "gradients": [3, 6], "ray": [0, 2, 6], "step": [1],
        "smoothness": [5], "covariate_shift": [4], "curvature": [3], "outputs": [0],
        "cancellation": [0], "weights": [2, 3],
    }  # fmt: skip


def test_they_come_back_through_json(both):
    _, probed = both
    parts = json.loads(json.dumps(probed.parts(), allow_nan=False))
    assert probed.run.read(parts) == probed


def test_the_loss_at_the_beginning_of_a_walk_is_that_of_the_step_to_come(both):
    """Of the very batch, flipped and cropped, with dropout the mask aside."""
    program = Program(run := replace(RUN, model="plain:depth=3,width=4"), small_data(8))
    outcome = train_on(program, replace(run, probes=("ray:at=(0,2)", "weights:at=4")))
    for row in rows(outcome, "ray"):
        assert row["first"] == pytest.approx(outcome.losses[row["step"]], rel=1e-4)
        assert row["loss"][0] == pytest.approx(row["first"], rel=1e-3)
        assert row["lowest_at"] in row["alpha"]
    (row,) = rows(outcome, "weights")
    assert all(0 < angle < 1.6 for angle in row["angles"])


def test_what_they_answer(both):
    _, probed = both
    first, last = rows(probed, "moments")
    assert len(first["layers"]) == 3
    assert [len(channel) for channel in first["output_mean"]] == [4, 8, 3]
    assert first["output_variance"] != last["output_variance"]
    (found,) = rows(probed, "propagation")
    assert found["variance"][0] > 0 < found["gradient"][0]
    assert 0 < found["similarity"][0] < 1 < found["rank"][0] < RUN.batch
    (found,) = rows(probed, "step")
    assert np.array(found["mean"][0][0]).shape == (4,)
    assert len(found["mean"]) == 3
    (found,) = rows(probed, "outputs")
    np.testing.assert_allclose(np.sum(found["gradient"], axis=1), 0, atol=1e-6)
    assert sum(found["predicted"]) == pytest.approx(1)
    (found,) = rows(probed, "cancellation")
    assert np.all(np.array(found["a"]) >= np.array(found["d"]) - 1e-9)
    np.testing.assert_allclose(found["gradient"], found["d"], atol=1e-5)
    (found,) = rows(probed, "covariate_shift")
    assert found["shift"][0] == 0 < found["shift"][1]
    assert found["cosine"][0] == pytest.approx(1)
    (found,) = rows(probed, "curvature")
    assert found["lambda_max"] > 0


def test_a_run_that_is_killed_between_two_looks_that_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(loop, "PATIENCE", 0.0)
    monkeypatch.setattr(checkpoint, "LARGEST_SHARE", float("inf"))
    run = small_run(probes=("weights:at=(2,3,6)",))
    program = Program(run, small_data())
    whole = train_on(program, run)
    for after in range(run.steps):

        def stop(_: Run, step: int, after: int = after) -> None:
            if step > after:
                raise InterruptedError

        with kept_in(tmp_path / str(after), every=0):
            with pytest.raises(InterruptedError):
                train_on(program, run, stop)
            assert train_on(program, run) == whole


@pytest.mark.full
@pytest.mark.once
def test_a_layer_that_the_network_lacks():
    run = replace(RUN, probes=("moments:layers=4",))
    with pytest.raises(BadInput, match="layers=4: the network has 3 linear layers"):
        train_on(Program(run, small_data(8)), run)
    run = replace(RUN, probes=("curvature:examples=51",))
    with pytest.raises(BadInput, match="examples=51: 'small' has 50"):
        train_on(Program(run, small_data(8)), run)
