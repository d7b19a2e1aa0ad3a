"""Change the code in one place at a time and see which tests notice.

    python -m tests.mutations --sample 10               ten of the hundred, with the narrow tests
    python -m tests.mutations --list                    what the hundred are
    python -m tests.mutations --sample 5 --room layers  of one room alone

The hundred are drawn by `--seed` in equal parts from the rooms below and no two from one line. Each
runs in a copy of the tree, under KERAS_BACKEND, with the tests named beside its file, to the first
failure. A survivor is either no fault at all (say why) or a test that is missing. Not for CI.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.mutations.operators import Place, applied, places

ROOT = Path(__file__).parent.parent.parent
COPIED = ("keras_norms", "studies", "benchmarks", "tests", "setup.cfg", "pyproject.toml")
NUMBER = 100
# The tests of a room; those of a file of the same name, where there is one, run first.
ROOMS = {
    "keras_norms/kernels": ("tests/kernels", "tests/layers/test_batch.py"),
    "keras_norms/layers": ("tests/layers",),
    "keras_norms/weights": ("tests/weights",),
    "keras_norms/normfree": ("tests/normfree",),
    "keras_norms/surgery": ("tests/surgery",),
    "keras_norms/lab/ledger": ("tests/lab/ledger",),
    "keras_norms/lab/statistics": ("tests/lab/statistics",),
    "keras_norms/lab/quantity": ("tests/lab/test_quantity.py",),
}
# Another backend's room is not entered, whatever is changed in it.
BACKENDS = {"tensorflow.py", "jax.py", "torch.py"}


class Mutation(NamedTuple):
    file: Path
    place: Place

    def __str__(self) -> str:
        place = self.place
        where = f"{self.file.relative_to(ROOT)}:{place.line}"
        return f"{where} ({place.kind}): {place.old}  ->  {place.new}"


def files(room: str) -> list[Path]:
    """A room is a folder, or a file of the same name."""
    folder = ROOT / room
    found = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
    other = BACKENDS - {f"{os.environ.get('KERAS_BACKEND', 'tensorflow')}.py"}
    return [file for file in found if file.exists() and file.name not in other]


def drawn(seed: int, rooms: list[str], number: int) -> list[Mutation]:
    """The same for the same seed and the same sources."""
    chance = random.Random(seed)
    shares = [room for room in rooms if files(room)]
    chosen = []
    for index, room in enumerate(shares):
        lines: dict[tuple[Path, int], list[Place]] = {}
        for file in files(room):
            for place in places(file.read_text(encoding="utf-8")):
                lines.setdefault((file, place.line), []).append(place)
        wanted = number * (index + 1) // len(shares) - number * index // len(shares)
        for file, line in chance.sample(sorted(lines), min(wanted, len(lines))):
            chosen.append(Mutation(file, chance.choice(lines[file, line])))
    return chosen


def tests_of(file: Path) -> list[str]:
    """The narrow tests: those of its room named after the file, or else all of the room.

    To the latter those of the same name elsewhere come first: what they test they may only use.
    """
    name = file.relative_to(ROOT).as_posix()
    room = max((room for room in ROOMS if name.startswith(room)), key=len)
    named = sorted((ROOT / "tests").rglob(f"test_{file.stem}*.py"))
    own = [test.relative_to(ROOT).as_posix() for test in named]
    within = [test for test in own if test.startswith(ROOMS[room])]
    return within or own + [path for path in ROOMS[room] if (ROOT / path).exists()]


def passes(tests: list[str], place: Path) -> bool:
    """Whether the tests pass in the copy; one that does not end fails."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    try:
        run = subprocess.run(
            [*command, "-m", "not full", *tests], cwd=place, capture_output=True, timeout=1800
        )
    except subprocess.TimeoutExpired:
        return False
    return run.returncode == 0


def caught(mutation: Mutation, place: Path) -> bool:
    """Whether a test of the changed copy fails."""
    copy = place / mutation.file.relative_to(ROOT)
    source = mutation.file.read_text(encoding="utf-8")
    copy.write_text(applied(source, mutation.place), encoding="utf-8")
    try:
        return not passes(tests_of(mutation.file), place)
    finally:
        copy.write_text(source, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="which hundred (default: 0)")
    parser.add_argument("--sample", type=int, default=NUMBER, help="how many of them to run")
    parser.add_argument("--room", default="", help="only rooms whose name has this in it")
    parser.add_argument("--list", action="store_true", help="print them and run nothing")
    given = parser.parse_args(arguments)
    rooms = [room for room in ROOMS if given.room in room]
    hundred = drawn(given.seed, rooms, NUMBER)
    chosen = random.Random(given.seed).sample(hundred, min(given.sample, len(hundred)))
    if given.list:
        print(*hundred, sep="\n")
        return 0
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        for name in COPIED:
            source, target = ROOT / name, Path(folder) / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        for tests in {tuple(tests_of(mutation.file)): None for mutation in chosen}:
            if not passes(list(tests), Path(folder)):
                print("error: without any mutation these do not pass:", *tests, file=sys.stderr)
                return 2
        for mutation in chosen:
            found = caught(mutation, Path(folder))
            print("caught  " if found else "SURVIVED", mutation, flush=True)
            survivors += [] if found else [mutation]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} caught")
    return len(survivors) > 0


if __name__ == "__main__":
    sys.exit(main())
