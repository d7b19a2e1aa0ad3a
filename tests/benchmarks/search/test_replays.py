"""Searches replayed on recorded runs: what is right, how far a search is, and the page."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.search.coverage import Coverage, rows
from benchmarks.search.grids import Grids, middles
from benchmarks.search.methods import METHODS
from benchmarks.search.page import LOOKS
from benchmarks.search.recorded import CELLS, PROTOCOLS, counted, digest, name_of, recorded
from benchmarks.search.replay import Replay
from benchmarks.search.replays import Replays
from benchmarks.search.traces import COUNTS, away, edges, replayed
from keras_norms.lab.edges.verdict import Verdict
from keras_norms.lab.errors import BadInput
from keras_norms.lab.found import Group
from tests.benchmarks.made_up import found, page

pytestmark = pytest.mark.once

ALIVE, UNTRAINED, BLEW_UP = Verdict.ALIVE, Verdict.UNTRAINED, Verdict.BLEW_UP


def test_edges_by_counting():
    rates = np.arange(7.0)
    verdicts = [UNTRAINED, ALIVE, ALIVE, UNTRAINED, UNTRAINED, BLEW_UP, BLEW_UP]
    assert counted(rates, verdicts) == {"blow_up": 4.5, "alive": 2.5}
    assert counted(rates[::-1], verdicts[::-1]) == {"blow_up": 4.5, "alive": 2.5}
    assert counted(rates, [UNTRAINED] * 7) == {"blow_up": np.inf, "alive": -np.inf}
    # One blow-up among many good rates is on the wrong side, not the edge.
    assert counted(rates, [ALIVE, BLEW_UP, *[ALIVE] * 3, *[BLEW_UP] * 2])["blow_up"] == 4.5


def test_distances():
    assert away(1.0, 1.25) == 0.25
    assert away(-np.inf, -np.inf) == 0.0
    assert away(-np.inf, 1.0) == 7.0


@pytest.mark.parametrize("method", METHODS)
def test_a_method_asks_for_so_many_runs_and_its_answer_is_moved_with_the_grid(method):
    seeds = recorded()[name_of(CELLS[0])]
    replay = Replay(seeds, PROTOCOLS[0], 1)
    METHODS[method](replay, 8, 1)
    assert len(replay.runs) == len(replay.steps) == 8
    shift = seeds[1].blow_up - replay.answers["blow_up"]
    assert abs(shift) <= 0.5
    for x, verdict in replay.runs:
        nearest = np.abs(seeds[1].log_rates - (x + shift)).argmin()
        assert verdict is seeds[1].verdicts[nearest]


def test_the_sampler_finds_the_edges_of_a_sharp_cell():
    given = {"method": "threshold", "protocol": PROTOCOLS[0], "cell": name_of(CELLS[1])}
    *_, last = replayed(**given, grid=digest(), seed=10)
    assert last["runs"] == COUNTS[-1]
    assert max(last["own blow_up"], last["own alive"]) <= 0.2
    cell = edges(cell=name_of(CELLS[1]), grid=digest())
    assert cell["blow_up, posterior"] == pytest.approx(cell["blow_up, count"], abs=0.1)


def test_other_recorded_runs_are_refused():
    with pytest.raises(BadInput, match="grid='another'"):
        edges(cell=name_of(CELLS[1]), grid="another")


def made_up(job):
    """The threshold sampler is right on both edges, bisection on one each time, others on none."""
    if "method" not in job.arguments:
        return {"finite": 1, "between": 2, "blow_up, count": 1.0, "alive, count": None}
    method = job.arguments["method"]
    first, second = {"threshold": (0.0, 0.1), "bisection": (0.0, 0.2)}.get(method, (1.0, 1.0))
    both = {"blow_up": first, "alive": second}
    errors = {f"{by} {edge}": e for by in ("own", "same") for edge, e in both.items()}
    return [{"runs": count, "steps": 10 * count, **errors} for count in COUNTS]


@pytest.mark.full
def test_replays_are_counted_jointly(tmp_path):
    experiment = Replays()
    targets = list(experiment.claims(found(experiment, tmp_path, made_up)))
    assert [target.verdict for target in targets] == ["reached"] * 6
    assert targets[0].holds.quantity.values == dict.fromkeys(range(72), 1.0)
    written = page(experiment, tmp_path, made_up)
    assert set(LOOKS) == set(METHODS)
    lines = written.split("a seed a run")[0].splitlines()
    (line,) = [each for each in lines if each.startswith("| bisection")]
    assert line.split("|")[3].strip() == "0.0 % / 0.0 %"
    assert "100.0 % / 100.0 %" in line
    assert written.count("![") == 2


def test_grids_are_refined_between_verdicts_that_differ():
    experiment = Grids(seeds=1, spacing=2.0)
    plan = experiment.plan()
    groups = next(plan)
    assert len(groups) == len(CELLS)
    runs = groups["mlp-16 none, seed 10"]
    assert [round(np.log10(run.learning_rate), 3) for run in runs] == [-3.5, -1.5, 0.5, 2.5]

    class Ended:
        def __init__(self, verdict):
            self.verdict = verdict

    ends = [Ended(v) for v in (UNTRAINED, ALIVE, BLEW_UP, BLEW_UP)]
    assert middles(Group("cell", runs, ends)) == [-2.5, -0.5]


def test_coverage_is_a_table(tmp_path):
    table = [
        {"interval": "median of 6 seeds", "truth": "normal", "nominal": 0.97, "coverage": 0.5}
        | {"standard_error": 0.1, "over": -0.47, "width": 1.0, "error": 0.2, "runs": None}
        | {"replays": 6}
    ]
    written = page(Coverage(replays=6), tmp_path, lambda job: table)
    assert "median of 6 seeds, normal: 50.0 % where 97.0 % is printed" in written
    assert callable(rows)
