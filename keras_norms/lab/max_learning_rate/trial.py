"""What became of one run."""

from __future__ import annotations

import math
import sys
from dataclasses import asdict, dataclass
from typing import Any

from keras_norms.lab.edges.verdict import Verdict

# Names of the parameter and of the attributes of a study's trials.
RATE, SEED, VERDICT = "learning_rate", "seed", "verdict"


@dataclass(frozen=True)
class Trial:
    """Attributes:
    verdict: on the run.
    steps: that it did.
    first_loss: before the first step.
    last_loss: the mean over the last tenth of the steps; of a run that blew up the very last.
    accuracy: on the held-out examples; None where it blew up or there is none.
    """

    verdict: Verdict
    steps: int
    first_loss: float
    last_loss: float
    accuracy: float | None

    @property
    def value(self) -> float:
        """The last loss where it is a number, since a trial's value must be one."""
        return self.last_loss if math.isfinite(self.last_loss) else sys.float_info.max

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, but for the verdict: numbers that JSON cannot hold become strings."""
        content = {name: value for name, value in asdict(self).items() if name != "verdict"}
        last = self.last_loss
        return {**content, "last_loss": last if math.isfinite(last) else str(last)}
