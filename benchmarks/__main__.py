"""`python -m benchmarks`: see `--help`."""

from __future__ import annotations

import sys

from benchmarks import quick
from benchmarks.ioffe2015.experiments import EXPERIMENTS as IOFFE2015
from benchmarks.speed import experiment as speed
from benchmarks.surgery import experiment as surgery
from keras_norms.lab.command import Program
from studies import frontier

BENCHMARKS = Program(
    name="benchmarks",
    about="Replications of papers on normalization, and what normalizers cost.",
    examples="""\
  python -m benchmarks quick
  python -m benchmarks list
  python -m benchmarks run ioffe2015 --out results
  python -m benchmarks run ioffe2015.convergence --seeds 5 --steps 600 --out results
  python -m benchmarks run ioffe2015.figure1 --scale paper --data-dir ~/tensorflow_datasets
  python -m benchmarks run ioffe2015 --storage postgresql://USER:PASSWORD@HOST/NAME
  python -m benchmarks run speed --quick
  python -m benchmarks run surgery --names MobileNetV2 ResNet50
  python -m benchmarks report --out results""",
    experiments={**IOFFE2015, "speed": speed, "surgery": surgery},
    others=[frontier],
    plans={"quick": (quick.ABOUT, quick.plan)},
)

if __name__ == "__main__":
    sys.exit(BENCHMARKS.main(sys.argv[1:]))
