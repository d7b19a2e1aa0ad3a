"""The paper's sentences on these networks, as inequalities."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.ioffe2015.arms import BASELINE, PLAIN_SIGMOID, PLAIN_X5, SIGMOID, X5, X30, Arm
from benchmarks.ioffe2015.measures import Measured
from keras_norms.lab.edges.verdict import BLOWN, TRAINED, Verdict
from keras_norms.lab.report.claims import Claim


def claims(measured: Mapping[Arm, Measured]) -> list[Claim]:
    """Those whose arms were measured."""
    found = []
    if BASELINE in measured:
        found.append(
            Claim(
                "Batch normalization alone needs fewer steps than the plain network.",
                "steps(Inception) / steps(BN-Baseline)",
                threshold=1,
                values=measured[BASELINE].speedup,
                paper="2.33",
            )
        )
    if X5 in measured:
        found += [
            Claim(
                "With five times the learning rate it needs fewer than a third.",
                "steps(Inception) / steps(BN-x5)",
                threshold=3,
                values=measured[X5].speedup,
                paper="14.8",
            ),
            Claim(
                "With batch normalization five times the learning rate does not diverge.",
                "share of seeds of BN-x5 that did not blow up",
                threshold=0.5,
                values=tuple(1 - blew_up for blew_up in measured[X5].share(*BLOWN)),
                paper="trains",
            ),
        ]
    if X5 in measured and X30 in measured:
        pairs = zip(measured[X30].best, measured[X5].best, strict=True)
        found.append(
            Claim(
                "With thirty times the learning rate the accuracy is as high or higher.",
                "best(BN-x30) − best(BN-x5)",
                threshold=-0.005,
                values=tuple(x30 - x5 for x30, x5 in pairs),
                paper="+0.018",
                or_equal=True,
            )
        )
    for arm, sentence, verdicts, share, paper in (
        (PLAIN_X5, "Without it five times the learning rate diverges.", BLOWN,
         "that blew up", "reached infinity"),
        (SIGMOID, "With batch normalization the network trains with sigmoids.", TRAINED,
         "that trained", "69.8 %"),
        (PLAIN_SIGMOID, "Without it the network with sigmoids stays at chance.",
         (Verdict.UNTRAINED,), "left at chance", "0.1 %, chance"),
    ):  # fmt: skip
        if arm in measured:
            found.append(
                Claim(
                    sentence,
                    f"share of seeds of {arm.name} {share}",
                    threshold=0.5,
                    values=measured[arm].share(*verdicts),
                    paper=paper,
                )
            )
    return found
