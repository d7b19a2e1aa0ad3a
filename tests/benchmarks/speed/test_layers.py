"""The speed of layers and steps from plan to page: ratios, targets by their intervals, machines."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.speed import cells, measuring, network_sides
from benchmarks.speed.layers import FUNCTION, LayerCost
from benchmarks.speed.memory import Memory
from benchmarks.speed.steps import StepCost
from keras_norms.lab.backend import backend
from keras_norms.lab.errors import BadInput
from keras_norms.lab.job import Computation
from keras_norms.lab.machine import this_machine
from keras_norms.lab.timings import Measured, text
from tests.benchmarks.made_up import finished, found, page

HERE, THERE = "Abacus, 2 cores, 32 MiB cache", "Engine, 4 cores, 1 MiB cache"
SIDES = ("floor", "ours", "Keras", "ours again")


def layer(ratios: list[float], **seconds: list[float]):
    """Outcomes of a layer's cell: ours so many times Keras's in each round."""
    ones = [1.0] * len(ratios)
    sides = {**dict.fromkeys(SIDES, ones), "ours": ratios, **seconds}
    return {"seconds": sides, "first call": dict.fromkeys(SIDES, 1.0)}


def experiment(machine: str = HERE, **options) -> LayerCost:
    main = {"names": ("batch",), "shapes": cells.SHAPES[:1], "dtypes": ("float32",)}
    return LayerCost(**main, works=("forward+backward",), backend="jax", machine=machine, **options)


def verdicts(ratios: list[float], tmp_path) -> list[str]:
    cost = experiment(rounds=len(ratios))
    walked = found(cost, tmp_path, lambda job: layer(ratios))
    return [claim.verdict for claim in cost.claims(walked)]


@pytest.mark.once
@pytest.mark.parametrize(("ratios", "verdict"), [
    ([1.0] * 6, "reached"),
    ([1.05] * 6, "reached"),
    ([1.06] * 6, "missed"),
    ([1.0] * 5 + [1.1], "undecided (5 of 6 rounds agree)"),
    ([1.0] * 5, "undecided (5 of 5 rounds agree)"),
    ([1.0] * 10 + [1.1], "reached"),
])  # fmt: skip
def test_a_target_is_decided_by_the_interval_of_its_ratio(ratios, verdict, tmp_path):
    """Of JAX's batch normalization, at most 1.05 of Keras's time."""
    assert verdicts(ratios, tmp_path) == [verdict]


@pytest.mark.once
def test_a_target_is_reached_where_it_is_on_every_processor(tmp_path):
    finished(experiment(THERE), tmp_path, lambda job: layer([2.0] * 11))
    cost = experiment(rounds=6)
    written = page(cost, tmp_path, lambda job: layer([0.5] * 6))
    assert "1 target: 0 reached, 1 missed, 0 undecided." in written
    for machine, ratio in ((HERE, "0.50 [0.50, 0.50]"), (THERE, "2.00 [2.00, 2.00]")):
        assert f"**{machine}: forward and backward" in written
        assert ratio in written
    assert written.count("![") == 2
    (table,) = (tmp_path / "tables").glob("speed-layers-abacus*.csv")
    assert set(pd.read_csv(table)["round"]) == set(range(6))


@pytest.mark.once
def test_a_gpu_has_its_bandwidth_beside_a_copy_s(tmp_path):
    """Of 64x32x32x64 numbers of four bytes, read once and written once."""
    device = "gpu (Abacus 100)"
    cost = LayerCost(
        **{"names": ("batch",), "shapes": cells.SHAPES[:1], "dtypes": ("float32",), "rounds": 3},
        works=("forward",), backend="jax", machine=device,
    )  # fmt: skip
    moved = 2 * 64 * 32 * 32 * 64 * 4
    seconds = {"ours": [moved / 2e12] * 3, "floor": [moved / 4e12] * 3}
    written = page(cost, tmp_path, lambda job: layer([1.0] * 3, **seconds))
    (line,) = [one for one in written.splitlines() if "batch" in one and "%" in one]
    assert [cell.strip() for cell in line.split("|")][3:] == [
        *("64x32x32x64 float32", "2,000", "0.0336", "–", "4,000", "50%", "")
    ]
    assert device in written
    here = page(experiment(rounds=6), tmp_path / "cpu", lambda job: layer([0.5] * 6))
    assert "GB/s" not in here, "CPU time of all threads is not the time of a pass"


@pytest.mark.once
def test_of_one_cell_the_measurement_with_most_rounds_counts(tmp_path):
    finished(experiment(rounds=7), tmp_path, lambda job: layer([2.0] * 7))
    cost = experiment(rounds=6)
    (target,) = cost.claims(found(cost, tmp_path, lambda job: layer([0.5] * 6)))
    assert (target.seeds, target.verdict) == (7, "missed")


@pytest.mark.once
def test_ratios_are_of_one_round():
    seconds = {"ours": [2.0, 3.0, 8.0], "Keras": [4.0, 3.0, 2.0]}
    one = Measured("jax", {"machine": "cpu"}, {"seconds": seconds})
    assert text(one.ratio("ours", "Keras")) == "1.00 [0.50, 4.00]"
    assert one.ratio("ours", "native") is None


@pytest.mark.once
def test_steps_are_held_to_a_net_without_normalizer(tmp_path):
    sides = {side: [1.0] * 11 for side in ("none", "batch", "group", "layer", "none again")}
    sides["group"] = [1.2] * 11
    cost = StepCost(networks=("conv8",), backend="jax", machine=HERE)
    walked = found(cost, tmp_path, lambda job: {"seconds": sides})
    said = {claim.sentence.split()[6]: claim.verdict for claim in cost.claims(walked)}
    assert said == {"batch": "reached", "group": "missed", "layer": "reached"}


@pytest.mark.once
def test_memory_is_measured_where_the_backend_tells(tmp_path):
    names = {"names": ("batch",), "machine": HERE}
    written = page(Memory(backend="torch", **names), tmp_path, lambda job: {"MiB": {"ours": 2.5}})
    assert "3 layers and networks measured" in written
    assert "2.5" in written
    untold = finished(Memory(backend="tensorflow", **names), tmp_path / "tensorflow", layer)
    assert untold.finished
    assert not untold.found.jobs


@pytest.mark.once
def test_quick_is_a_part_of_all():
    quick, every = LayerCost.at("quick"), LayerCost.at("cpu")
    few, all_jobs = ({job.key for job in cost.jobs()} for cost in (quick, every))
    assert few < all_jobs
    assert quick.names == cells.MAIN
    assert set(every.names) == set(cells.normalizers())
    assert quick.machine == this_machine()


@pytest.mark.once
@pytest.mark.parametrize(("kind", "option", "value"), [
    (LayerCost, "rounds", 0),
    (LayerCost, "names", ("bathc",)),
    (LayerCost, "shapes", ("64x0x4",)),
    (LayerCost, "shapes", ("64",)),
    (LayerCost, "dtypes", ("float8",)),
    (StepCost, "networks", ("vgg",)),
    (StepCost, "images", "16x32"),
    (Memory, "names", ("bathc",)),
])  # fmt: skip
def test_options_that_cannot_be(kind, option, value):
    with pytest.raises(BadInput, match=option.removesuffix("s")):
        kind.at("cpu", {option: value})


def test_jobs_measure_what_they_say(monkeypatch):
    """Through the function that the job names, on this machine and backend."""
    monkeypatch.setattr(network_sides, "WIDTH", 8)
    monkeypatch.setattr(network_sides, "SPECS", {"none": "none", "batch": "batch"})
    small = {"names": ("rms",), "shapes": ("4x8",), "dtypes": ("float32",), "rounds": 1}
    *_, job = LayerCost.at("quick", small).jobs()
    assert (job.function, job.backend) == (FUNCTION, backend())
    name = job.function.rpartition(".")[2]
    assert getattr(measuring, name) is not None
    assert {"ours", "Keras"} <= Computation.do(job, None)[""]["seconds"].keys()
