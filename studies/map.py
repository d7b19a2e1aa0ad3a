"""The map: edges of the learning rate by depth, over architectures and optimizers."""

from __future__ import annotations

from dataclasses import dataclass

from keras_norms.lab.claim import Claim
from keras_norms.lab.edges.allocation import decades, hours_of
from keras_norms.lab.edges.slope import by_seed
from keras_norms.lab.inequality import all_of
from keras_norms.lab.quantity import Quantity
from keras_norms.lab.report.frontier_plot import draw_frontier
from keras_norms.lab.report.map_plot import draw_slopes
from keras_norms.lab.report.map_rows import Row, by_family
from keras_norms.lab.report.map_tables import WORDS, cells_table, slopes_table
from keras_norms.lab.report.predictors_table import predictors_table
from studies.at_start import is_predicted, start_of
from studies.families import FAMILIES
from studies.visits import VisitExperiment

JUDGED = "mlp-sgd"  # the family with enough seeds for verdicts
NORMALIZED = ("batch", "layer", "rms", "group")
FLAT = -0.3


@dataclass(frozen=True, kw_only=True)
class Map(VisitExperiment):
    """The map: edges of the learning rate by depth, over architectures and optimizers.

    Command    python -m studies run map --out results
    """

    def plan(self):
        cells = yield from self.visits()
        runs = [place.of.program(place.arm, place.depth) for place in cells]
        if starts := {start_of(run).title: start_of(run) for run in runs if is_predicted(run)}:
            yield {title: [job] for title, job in starts.items()}

    def claims(self, found):
        words = FAMILIES[JUDGED].words
        arms = by_family([row for row in self.rows(found) if row.family == words]).get(words, {})
        if not {"none", *NORMALIZED} <= {arm for arm, rows in arms.items() if len(rows) > 1}:
            return
        blow_up, trains = (
            {arm: self.exponent(arm, rows, edge) for arm, rows in arms.items()}
            for edge in ("blow_up", "alive")
        )
        yield Claim("With activations normalized the blow-up edge does not fall with depth.",
                    all_of(*(blow_up[arm] > FLAT for arm in NORMALIZED)))  # fmt: skip
        yield Claim("Without a normalizer it falls.", blow_up["none"] < FLAT)
        yield Claim("The largest rate that trains falls faster than 1 / depth either way.",
                    all_of(*(trains[arm] < -1 for arm in ("none", *NORMALIZED))))  # fmt: skip

    def exponent(self, arm: str, rows: list[Row], edge: str) -> Quantity:
        """The slope over depth of each seed's edge."""
        edges = [row.cell.edge(edge) for row in rows]
        values = by_seed([row.depth for row in rows], edges)
        return Quantity(f"exponent of depth, {WORDS[edge]} ({arm})", values)

    def summary(self, found):
        rows = self.rows(found)
        words = {row.family for row in rows}
        yield f"{len(rows)} of {len(self.places())} cells are measured, of {len(words)} families."
        for name, edge in (("trains", "alive"), ("blow-up", "blow_up"), ("useful", "useful")):
            edges = [row.cell.edge(edge) for row in rows if row.cell.edge(edge).any_passed]
            narrow = sum(decades(one) <= self.decades for one in edges)
            yield (
                f"The 90 % interval of the {name} edge is at most {self.decades:g} decades wide in "
                f"{narrow} of the {len(edges)} cells that have one; in {len(rows) - len(edges)} no "
                "rate passed."
            )
        spent = hours_of(row.cell for row in rows)
        yield f"All runs together took {spent:.2f} CPU hours, compiling included."

    def tables(self, found):
        rows = self.rows(found)
        yield slopes_table(self.name(), rows)
        if found.complete:
            rows_of = [row for row in rows if is_predicted(row.cell.program)]
            seen = [found[start_of(row.cell.program).title][0] for row in rows_of]
            if seen:
                yield predictors_table(self.name(), rows_of, seen)
        yield cells_table(self.name(), rows)

    def figures(self, found):
        rows = self.rows(found)
        yield draw_slopes(found.folder, f"{self.name()}-slopes", rows)
        for name in self.families:
            mine = [row for row in rows if row.family == FAMILIES[name].words]
            if mine:
                yield self.panels(found, name, mine)

    def panels(self, found, name: str, rows: list[Row]):
        """Small multiples of one family, a panel a normalizer."""
        arms = {row.cell.program: row.arm for row in rows}
        run = rows[0].cell.program
        return draw_frontier(
            found.folder,
            f"{self.name()}-{name}",
            [row.cell for row in rows],
            steps=run.steps,
            what=f"{rows[0].family}, {run.data}, batch {run.batch}",
            by=lambda cell: arms[cell.program],
        )
