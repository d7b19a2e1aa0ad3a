"""`python -m benchmarks`: see `--help`."""

from __future__ import annotations

import sys

from benchmarks import gpu, quick, scoreboard, site
from keras_norms.lab.command import Program, Writer

BENCHMARKS = Program(
    name="benchmarks",
    about="Papers replicated, and what things cost.",
    examples="""\
  python -m benchmarks quick
  python -m benchmarks gpu --minutes 12 --out results
  python -m benchmarks list
  python -m benchmarks run ioffe2015 --out results
  python -m benchmarks run ioffe2015.convergence --seeds 6 --dry-run
  KERAS_BACKEND=jax python -m benchmarks run speed.layers
  python -m benchmarks scoreboard
  python -m benchmarks site --out site
  python -m benchmarks report --storage benchmarks/results/quick/records.jsonl.gz --out page""",
    plans={"quick": (quick.ABOUT, quick.plan)},
    writers={
        "scoreboard": Writer(
            scoreboard.ABOUT, "results", "folder of the pages", scoreboard.RESULTS, scoreboard.write
        ),
        "site": Writer(site.ABOUT, "out", "folder of the site", site.OUT, site.write),
    },
    in_pieces={"gpu": (gpu.ABOUT, gpu.MINUTES, gpu.SCALE, gpu.plan)},
    others=("studies",),
)

if __name__ == "__main__":
    sys.exit(BENCHMARKS.main(sys.argv[1:]))
