"""The map: edges of the learning rate by depth, over architectures and optimizers."""

from __future__ import annotations

from dataclasses import dataclass

from keras_norms.lab.edges.allocation import hours_of
from keras_norms.lab.report.frontier_plot import draw_frontier
from keras_norms.lab.report.map_plot import draw_slopes
from keras_norms.lab.report.map_rows import Row, by_family
from keras_norms.lab.report.map_tables import cells_table, slopes_table
from keras_norms.lab.report.predictors_table import predictors_table
from studies.at_start import is_predicted, start_of
from studies.families import FAMILIES, FOUR
from studies.map_claims import depth_claims
from studies.visits import VisitExperiment

JUDGED = "mlp-sgd"  # the family with enough seeds for verdicts
DEPTHS = 3  # of the families in the summary figure


@dataclass(frozen=True, kw_only=True)
class Map(VisitExperiment):
    """The map: edges of the learning rate by depth, over architectures and optimizers.

    Question   How does the window of learning rates move with depth, for each normalizer, where
               the architecture and the optimizer change? What of it is known before training?
    Families   mlp-sgd          plain SGD, eight normalizers, depths 4 to 64, width 64, digits
               resnet-sgd       plain SGD, none and batch, depths 8 to 56, width 8, CIFAR-10 at
                                16x16 (5,000 images), 150 steps
               mlp-momentum, mlp-adamw, mlp-muon   four normalizers, depths 4 to 32
               plain-momentum, resnet-adamw        convolutions without and with skips, none, batch,
                                layer and group, depths 8 to 20, width 8, digits, 120 steps of 32
               transformer-adamw   characters, width 32, context 32, 100 steps of 16: none, layer,
                                RMS, peri-LN, QK-norm, dynamic tanh and erf; 2, 4 and 8 blocks
               mlp-adamw-warmup (a fifth of the steps), mlp-sgd-narrow and -wide (32 and 256),
               transformer-scaled (branches over the root of their depth): cross-sections
    Edges      As in `frontier`: blow-up, alive ("trains"), useful and lower, ordered, per seed. Of
               characters "trains" means better than a fifth of the way above chance, which the
               frequency of the characters alone reaches: read the useful edge there.
    Search     A first visit gives each cell six runs a seed of four seeds (the first two families:
               16 or 10 of six, as the experiments have it whose runs they share), the neighbouring
               depth as prior. Then the four cells with the widest 90 % interval of the trains or
               the blow-up edge get two more runs a seed, until all are half a decade wide or the
               budget is spent. Lower edges are by-products: nothing searches for them.
    Budget     --hours: CPU seconds of all runs of the map, and what compiling took, as their
               records say. An interrupted map resumes; more hours go on from fewer, and visit no
               cell otherwise than one command with all of them.
    Slope      Of log edge over log depth, through the depths that have an edge. With two or three
               depths a straight line is assumed and not tested.
    Predictors Of MLPs of width 64, at initialization: 2 / lambda (Gauss-Newton), the mean-field
               recursion (none and batch alone), and of `signals` growth, similarity and gradient
               ratio; beside depth alone, errors of a normalizer left out.
    Cost       About 25 runs and 20 CPU seconds a new cell; the first two families 1.2 hours.
    Command    python -m studies run map --hours 3 --out results
    """

    def plan(self):
        cells = yield from self.visits()
        runs = [place.of.program(place.arm, place.depth) for place in cells]
        if starts := {(job := start_of(run)).title: job for run in runs if is_predicted(run)}:
            yield {title: [job] for title, job in starts.items()}

    def claims(self, found):
        words = FAMILIES[JUDGED].words
        mine = [row for row in self.rows(found) if row.family == words]
        return depth_claims(by_family(mine).get(words, {}))

    def summary(self, found):
        rows = self.rows(found)
        words = {row.family for row in rows}
        yield f"{len(rows)} of {len(self.places())} cells are measured, of {len(words)} families."
        for name, edge in (("trains", "alive"), ("blow-up", "blow_up"), ("useful", "useful")):
            edges = [row.cell.edge(edge) for row in rows if row.cell.edge(edge).any_passed]
            narrow = sum(one.decades <= self.decades for one in edges)
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
        deep = [row for row in rows if len(self.depths(rows, row.family)) >= DEPTHS]
        few = [row for row in deep if row.arm in FOUR]
        if few:
            yield draw_slopes(found.folder, f"{self.name()}-summary", few)
        yield draw_slopes(found.folder, f"{self.name()}-slopes", rows)
        for name in self.families:
            mine = [row for row in rows if row.family == FAMILIES[name].words]
            if mine:
                yield self.panels(found, name, mine)

    def depths(self, rows: list[Row], family: str) -> set[int]:
        return {row.depth for row in rows if row.family == family}

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
