"""Ioffe & Szegedy 2015, Section 2: a bias that grows without bound and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keras_norms.lab.backend import backend
from keras_norms.lab.claim import Claim
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.inequality import all_of
from keras_norms.lab.job import Computation
from keras_norms.lab.options import option
from keras_norms.lab.quantity import exact
from keras_norms.lab.report.figures import Figure, drawing

IGNORED, FULL = "gradient of the mean ignored", "full derivative"
RATE = 0.1


@dataclass(frozen=True, kw_only=True)
class Bias(Experiment):
    """Ioffe & Szegedy 2015, Section 2: the bias explosion.

    Paper      arXiv 1502.03167, Section 2: a layer x = u + b is normalized by subtracting its
               mean. A step that ignores that the mean depends on b moves b by the mean gradient,
               which the next normalization subtracts again: the output and the loss stay constant,
               and b grows without bound.
    Claims     Ignoring it, the loss does not move (1e-9) and b is linear in the step count, at the
               learning rate times the mean gradient; with the full derivative b does not move
               (1e-12).
    Ours       20 random values of u in 3 channels of standard deviation 1, the loss
               (y - xhat)^2 / 2 with random targets y of mean 1, learning rate 0.1, 500 steps,
               float64. Our BatchNormalization layer, with `statistics_gradient=False` and as it is.
               The one draw is fixed: what is compared are identities, up to rounding.
    Cost       Seconds.
    Command    python -m benchmarks run ioffe2015.bias --out results
    """

    seeds: ClassVar[int] = 1  # type: ignore[misc]
    steps: int = option(500, "steps of gradient descent", least=2)

    def plan(self):
        yield {way: [self.descent(way)] for way in (IGNORED, FULL)}

    def descent(self, way: str) -> Computation:
        function = "benchmarks.ioffe2015.descent.descend"
        given = {"statistics_gradient": way == FULL, "rate": RATE, "steps": self.steps}
        return Computation(function, given, backend=backend())

    def claims(self, found):
        ignored, full = found[IGNORED][0], np.array(found[FULL][0]["b"])
        path, time = np.array(ignored["b"]), np.arange(self.steps + 1)
        moved = np.abs(path - path[0])
        slopes = np.array([np.polyfit(time, channel, 1)[0] for channel in moved.T])
        straight = min(np.corrcoef(time, b)[0, 1] ** 2 if np.ptp(b) else 0.0 for b in moved.T)
        off = np.abs(slopes / (RATE * np.array(ignored["gradient"])) - 1).max()
        target = "ioffe15-sec2-bias"
        yield Claim("Where its gradient is ignored the loss does not move.",
                    exact("largest |loss − first loss|", np.ptp(ignored["loss"])) <= 1e-9,
                    target=target)  # fmt: skip
        yield Claim(
            "The bias grows linearly, at the learning rate times the mean gradient.",
            all_of(
                exact("1 − R² of |b − b₀| against steps", 1 - straight) <= 1e-3,
                exact("|slope / (rate · mean gradient) − 1|", off) <= 1e-9,
            ),
            target=target,
        )
        yield Claim("With the full derivative the bias does not move.",
                    exact("largest |b − b₀|", np.abs(full - full[0]).max()) <= 1e-12,
                    target=target)  # fmt: skip

    def figures(self, found):
        """The bias of the first channel, which starts the farthest from the loss, and the loss."""
        caption = (
            "The bias of one channel and the loss, over steps. Where the step ignores that the "
            "mean depends on the bias, the bias grows without bound; the loss is the same to the "
            "last digit."
        )
        figure = Figure(self.name().replace(".", "-"), found.folder, caption)
        with drawing(figure) as axes:
            for way, colour, dashes in ((IGNORED, "#d55e00", (4, 2)), (FULL, "#0072b2", (1, 2))):
                (descent,) = found[way]
                axes.plot(np.array(descent["b"])[:, 0], color=colour, label=f"bias, {way}")
                loss = {"ls": (0, dashes), "color": colour, "label": f"loss, {way}"}
                axes.plot(descent["loss"], **loss)
            axes.set(xlabel="steps", ylabel="bias, and loss")
            axes.set_title("A bias in front of a mean that is subtracted")
            axes.figure.legend(loc="outside lower center", ncols=2)
        yield figure
