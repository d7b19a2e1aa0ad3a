"""Argument lists that a user may mistype: each ends in a known status with a line or two."""

from __future__ import annotations

import random

import pytest

from keras_norms.lab import command
from keras_norms.lab.command import Program

pytestmark = pytest.mark.once

STATUSES = {0, 1, 2, 129, 130, 143}
PROGRAMS = {
    "studies": ["frontier", "batch_size", "group_size", "theory", "tune", "max_learning_rate"],
    "benchmarks": ["ioffe2015", "ioffe2015.shuffle", "ioffe2015.convergence", "family", "speed"],
}
# Words between spaces.
OPTIONS = """
--seeds --steps --low --high --depths --normalizers --model --data --batch --most --rates
--momentum --applies-to --rest-rate --out --storage --workers --launcher --scale --rate
--evaluate-every --data-dir --trials --groups --batches --dry-run --help --no-such
"""
VALUES = """
0 1 2 -1 -5 3.5 inf -inf nan 1e400 1e-300 1e-299 5e-324 1e308 1e15 1e20 1e-5 1.0000001e-5
10000000000 1000001 99999999999999999999 ٣ ３ 0x10 1_000 +7 -0 none batch batch:momentum=0.9
batch:momentum={[]:1} group:groups=0 group:8 .a:b a:b m:build @m.build @.x layer+ (layer
all head cpu gpu moon digits nothing cifar10 local ray sqlite:///x.db postgresql://u:p@h:x/n
http://x /dev/null /dev/full /proc/1 '' --- - = , \x00
"""
LONG = ["x" * 5000, "9" * 30, "batch" + ":a=1" * 400, "-" * 3000, "(" * 2000]


def lists(count: int, seed: int) -> list[tuple[str, list[str]]]:
    """Argument lists of a program, drawn alike each time."""
    rng, made = random.Random(seed), []
    for _ in range(count):
        program = rng.choice(sorted(PROGRAMS))
        words = [rng.choice(["run", "run", "run", "run", "list", "report", "rum", ""])]
        if words[0] == "run" or rng.random() < 0.1:
            words.append(rng.choice([*PROGRAMS[program], "nothing"]))
        for _ in range(rng.randrange(4)):
            words.append(rng.choice(OPTIONS.split()))
            for _ in range(rng.choice((0, 1, 1, 1, 2))):
                words.append(rng.choice(LONG if rng.random() < 0.08 else VALUES.split()))
        made.append((program, words))
    return made


def planned(experiments, place, **options) -> None:
    """In the place of `carry_out`: what a command would do, without doing it."""
    from keras_norms.lab.errors import BadInput
    from keras_norms.lab.ledger.opening import absolute

    absolute(place.storage or place.out)
    for experiment in experiments:
        try:
            next(experiment.plan())
        except BadInput:
            raise


@pytest.mark.full
@pytest.mark.parametrize("chunk", range(5))
def test_odd_argument_lists_end_in_a_sentence(chunk, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "carry_out", planned)
    odd = []
    for name, words in lists(100, chunk):
        try:
            status = Program(name, "about", "examples").main(words)
        except SystemExit as end:  # of argparse
            status = end.code
        told = capsys.readouterr().err.strip().splitlines()
        if status not in STATUSES or len(told) > 3 or any("Traceback" in line for line in told):
            odd.append((name, words, status, told[:5]))
    assert odd == []
