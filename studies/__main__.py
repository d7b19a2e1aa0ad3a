"""`python -m studies`: see `--help`."""

from __future__ import annotations

import sys

from keras_norms.lab.command import Program
from studies import batch_size, frontier, group_size, own_model, theory, tune

STUDIES = Program(
    name="studies",
    about="Optuna studies of normalizers.",
    examples="""\
  python -m studies list
  python -m studies run frontier --depths 4 16 --seeds 3 --out results
  python -m studies run frontier --model resnet --depths 8 20 --steps 120
  python -m studies run frontier --data cifar10 --data-dir ~/tensorflow_datasets
  python -m studies run frontier --storage postgresql://USER:PASSWORD@HOST/NAME
  python -m studies run batch_size --batches 2 8 32 --out results
  python -m studies run group_size --out results
  python -m studies run theory --out results
  python -m studies frontier --model mymodule:build --data mymodule:data
  python -m studies tune --out results
  python -m studies report --out results""",
    experiments={
        "frontier": frontier,
        "batch_size": batch_size,
        "group_size": group_size,
        "theory": theory,
        "tune": tune,
    },
    plans={"tune": (tune.ABOUT, lambda: [(tune, tune.Settings())])},
)


def main(argv: list[str]) -> int:
    # A model of one's own has options of its own: it is no run of a study's settings.
    return own_model.main(argv[1:]) if argv[:1] == ["frontier"] else STUDIES.main(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
