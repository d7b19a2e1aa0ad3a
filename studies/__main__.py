"""`python -m studies`: see `--help`."""

from __future__ import annotations

import sys

from keras_norms.lab.command import Program

STUDIES = Program(
    name="studies",
    about="Optuna studies of normalizers.",
    examples="""\
  python -m studies list
  python -m studies run frontier --depths 4 16 --seeds 6 --out results
  python -m studies run frontier --model resnet:width=8 --depths 8 20 --steps 120
  python -m studies run frontier --normalizers mymodule:scheme --dry-run
  python -m studies run batch_size --batches 2 8 32 --storage postgresql://USER:PASSWORD@HOST/NAME
  python -m studies run max_learning_rate --model mymodule:build --data mymodule:data
  python -m studies report --out results""",
    others=("benchmarks",),
)

if __name__ == "__main__":
    sys.exit(STUDIES.main(sys.argv[1:]))
