"""The studies of batch size and of group size, with pretended training."""

from __future__ import annotations

import functools

import pandas as pd
import pytest

from keras_norms.lab import trials
from keras_norms.lab.edges.search import Search
from keras_norms.lab.errors import BadInput
from keras_norms.lab.training import Outcome
from studies import batch_size, charting, group_size
from studies.__main__ import STUDIES
from tests.lab.pretending import Pretended, by_rate, run

pytestmark = pytest.mark.once

SHORT = ["--seeds", "1", "--steps", "20", "--low", "0.01", "--high", "10", "--most", "5"]


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    train = Pretended()
    monkeypatch.setattr(
        charting, "run_searches", functools.partial(trials.run_searches, train=train)
    )
    return train


def test_batch_size_has_edges_and_accuracy_of_every_cell(train, tmp_path):
    command = ["run", "batch_size", "--batches", "2", "8", "--normalizers", "layer", *SHORT]
    assert STUDIES.main([*command, "--out", str(tmp_path)]) == 0
    assert [run.batch for run in train.trained] == sorted(
        (run.batch for run in train.trained), reverse=True
    )
    tables = tmp_path / "tables"
    edges = pd.read_csv(tables / "batch_size-digits-mlp.csv")
    assert edges["batch size"].tolist() == [8, 2]
    accuracy = pd.read_csv(tables / "batch_size-digits-mlp-accuracy.csv")
    assert accuracy.test_accuracy.tolist() == [0.9, 0.9]  # what trains, in the pretended world
    assert accuracy.learning_rate.between(0.01, 0.5).all()
    assert (tmp_path / "figures" / "batch_size-digits-mlp-accuracy.png").exists()


def test_group_size_goes_from_layer_to_instance(train, tmp_path):
    command = ["run", "group_size", "--groups", "-1", "1", *SHORT]
    assert STUDIES.main([*command, "--out", str(tmp_path)]) == 0
    table = (tmp_path / "tables" / "group_size-digits-resnet.md").read_text()
    assert table.index("1 (layer)") < table.index("channels (instance)")
    assert "50.00" in table  # a second for 20 steps
    assert (tmp_path / "figures" / "group_size-digits-resnet.png").exists()


@pytest.mark.parametrize(
    ("settings", "fields", "named"),
    [(batch_size.Settings, {"batches": (4, 0)}, "batch=0"),
     (batch_size.Settings, {"normalizers": ()}, "normalizers"),
     (group_size.Settings, {"groups": ()}, "groups"),
     (group_size.Settings, {"low": 1.0, "high": 0.1}, "low=1.0, high=0.1")],
)  # fmt: skip
def test_bad_input(settings, fields, named):
    with pytest.raises(BadInput, match=named):
        settings(**fields)


SEARCH = Search(0.01, 10.0, seeds=2, most=4)
PROGRAMS = [run(depth=2), run(depth=4)]


def finish(chain: charting.Chain) -> dict[str, Outcome]:
    """Outcomes in the order in which one process trains them."""
    done: dict[str, Outcome] = {}
    while missing := [run for run in chain(done) if run.key not in done]:
        done[missing[0].key] = by_rate(missing[0])
    return done


def test_a_chain_is_a_function_of_what_is_finished():
    """Asked anew at any moment, a chain wants the runs that it wanted all along."""
    chain, done = charting.Chain(PROGRAMS, SEARCH), {}
    while True:
        wanted = chain(done)
        assert {run.key for run in wanted} >= done.keys()
        fresh = charting.Chain(PROGRAMS, SEARCH)(done)
        assert {run.key for run in fresh} == {run.key for run in wanted}
        missing = [run for run in wanted if run.key not in done]
        if not missing:
            break
        done[missing[-1].key] = by_rate(missing[-1])
    assert len(done) <= SEARCH.most * SEARCH.seeds * len(PROGRAMS)


def test_the_next_cell_begins_when_the_one_before_is_settled():
    depths = [outcome.run.depth for outcome in finish(charting.Chain(PROGRAMS, SEARCH)).values()]
    assert depths == sorted(depths)
    assert set(depths) == {2, 4}


def test_cells_are_those_that_were_searched_and_their_priors_the_neighbours():
    done = finish(charting.Chain(PROGRAMS, SEARCH))
    first, second = charting.Chain(PROGRAMS, SEARCH).cells(done)
    assert len(first.outcomes) + len(second.outcomes) == len(done)
    before, after = second.priors[0].trains, first.seeds[0].trains
    likeliest = before.range.thresholds[1 + before.weights[1:-1].argmax()]
    assert likeliest == pytest.approx(after.median, abs=0.2)


def test_runs_outside_the_range_or_of_other_seeds_are_not_the_chains():
    stray = [by_rate(run(rate, seed, depth=2)) for rate, seed in ((100.0, 0), (0.1, 5))]
    done = {outcome.run.key: outcome for outcome in stray}
    first, _ = charting.Chain(PROGRAMS, SEARCH).cells(done)
    assert not first.outcomes
