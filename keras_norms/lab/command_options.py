"""What the commands of `studies` and `benchmarks` take besides an experiment's own options."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path

from keras_norms.lab.experiment import Experiment
from keras_norms.lab.workers import LAUNCHERS

STORAGE = "KERAS_NORMS_STORAGE"  # keeps a password out of the list of processes


def scale_in(argv: Sequence[str]) -> str | None:
    """The preset that is asked for, since the defaults in the help are its."""
    given = [one.removeprefix("--scale").removeprefix("=") for one in argv if "--scale=" in one]
    given += [after for one, after in itertools.pairwise(argv) if one == "--scale"]
    return given[0] if given else None


def add_output_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument(
        "--out",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="folder of the page, its tables and figures (default: results)",
    )
    group.add_argument(
        "--storage",
        metavar="PLACE",
        help="folder of the records, sqlite:///FILE, postgresql://USER:PASSWORD@HOST/NAME, or the "
        f"records.jsonl.gz of a page, to read (default: ${STORAGE}, or the folder of --out)",
    )


def add_worker_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("workers")
    group.add_argument(
        "--workers",
        type=_workers,
        metavar="N",
        help="processes that train side by side (default: one a core)",
    )
    group.add_argument(
        "--launcher",
        choices=list(LAUNCHERS),
        default="local",
        help="where workers are: on this machine, or on a Ray cluster (default: local)",
    )


def add_run_options(parser: argparse.ArgumentParser, kinds: Sequence[type[Experiment]]) -> None:
    add_output_options(parser)
    add_worker_options(parser)
    parser.add_argument(
        "--searches",
        metavar="PLACE",
        help="Optuna storage in which the searches are shown: a file, a database, or a proxy at "
        "grpc://HOST:PORT (default: beside the records)",
    )
    scales = list(dict.fromkeys(scale for kind in kinds for scale in kind.scales()))
    parser.add_argument(
        "--scale",
        choices=scales,
        default="cpu",
        help="preset of data set, step budget and model size (default: cpu)",
    )
    parser.add_argument("--data-dir", metavar="DIR", help="folder of the TFDS sets")
    parser.add_argument(
        "--download", action="store_true", help="fetch data sets that are not there yet"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print the jobs, what is done, and the time left"
    )


def add_piece_options(parser: argparse.ArgumentParser, minutes: float) -> None:
    group = parser.add_argument_group("pieces")
    group.add_argument(
        "--minutes",
        type=_minutes,
        default=minutes,
        help="after which the pages are written of what there is (default: %(default)g)",
    )
    group.add_argument("--only", nargs="+", metavar="PIECE", help="these pieces (default: all)")
    group.add_argument(
        "--dry-run", action="store_true", help="print the pieces, what is done, time and memory"
    )
    group.add_argument("--data-dir", metavar="DIR", help="folder of the TFDS sets")


def _minutes(text: str) -> float:
    try:
        minutes = float(text) if text.isascii() and len(text) < 30 else 0.0
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= 100_000:
        raise argparse.ArgumentTypeError(f"{text[:30]!r}: write a number above 0")
    return minutes


def _workers(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1024):
        raise argparse.ArgumentTypeError(f"{text[:30]!r}: write a number from 1 to 1024")
    return int(text)
