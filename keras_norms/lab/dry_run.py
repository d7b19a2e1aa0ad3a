"""What a command would do, before it does it: jobs, hours, memory, and the seeds that decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from keras_norms.lab.experiment import Experiment
from keras_norms.lab.found import Incomplete
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.progress import Pace
from keras_norms.lab.report.tables import duration
from keras_norms.lab.walk import Walk


def dry_run(experiments: Sequence[Experiment], ledger: Ledger, workers: int) -> Iterator[str]:
    """Lines about each experiment; nothing is written."""
    for experiment in experiments:
        walk = Walk(experiment, ledger)
        missing = walk.missing()
        done = len(walk.found.jobs) - len(missing)
        later = f", and at most {walk.expected} more by what they find" if walk.expected else ""
        yield f"{experiment.name()}: {len(walk.found.jobs)} jobs, {done} done{later}"
        yield f"  {left(walk, ledger, workers)}"
        yield from _jobs(walk)
        yield from _seeds(walk)


def left(walk: Walk, ledger: Ledger, workers: int) -> str:
    """Time and memory, by what was measured so far."""
    return f"time left: {_time(walk, ledger, workers)}; memory: {_memory(walk, ledger)}"


def _time(walk: Walk, ledger: Ledger, workers: int) -> str:
    pace, missing = Pace(), walk.missing()
    for job in walk.found.jobs:
        if record := ledger.get(job.parts[""]):
            pace.learn(job, record.provenance["seconds"])
    seconds = pace.seconds(missing)
    if seconds is None:
        return "known after the first job" if missing else "none"
    each = seconds / len(missing) if missing else 0.0
    return f"about {duration((seconds + walk.expected * each) / workers)} on {workers} workers"


def _memory(walk: Walk, ledger: Ledger) -> str:
    made = [r for job in walk.found.jobs if (r := ledger.get(job.parts[""]))]
    peaks = [record.provenance.get("peak_mib", 0) for record in made]
    return f"at most {max(peaks)} MiB a worker so far" if peaks else "known after the first job"


def _jobs(walk: Walk) -> Iterator[str]:
    missing = {job.key for job in walk.missing()}
    for job in walk.found.jobs:
        yield f"  {'to do' if job.key in missing else 'done '}  {job.key}  {job.title}"


def _seeds(walk: Walk) -> Iterator[str]:
    """By the spread so far; asked of what is finished."""
    try:
        claims = list(walk.experiment.claims(walk.found)) if walk.found else []
    except Incomplete:
        return
    for claim in claims:
        if needed := claim.seeds_to_decide:
            yield f"  {needed} seeds would probably decide: {claim.sentence}"
