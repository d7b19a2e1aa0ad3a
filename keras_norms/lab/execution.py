"""How jobs are done: by this process, beside any number of others on the same ledger."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

from keras_norms.lab.errors import BadInput
from keras_norms.lab.job import Bench, Job
from keras_norms.lab.ledger import Ledger, Record
from keras_norms.lab.provenance import provenance
from keras_norms.lab.quiet_import import import_keras
from keras_norms.lab.walk import Walk

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

WAIT = 0.5  # seconds at most between two looks at what other processes have under way
LOOK = 2.0  # seconds after which what others have finished is looked at again
QUICK = 1.0  # seconds of a job that need not outlive a power failure


def work(
    walks: Sequence[Walk], ledger: Ledger, bench: Bench, most_programs: int | None = None
) -> bool:
    """Does what the walks want; true when all of it is finished, here or elsewhere.

    A job that another live process has under way is left to it. A process goes on with the program
    that it has compiled, then with one that nobody else has, then with any: so processes spread,
    and wait only where all that is left is under way.

    Args:
        most_programs: false is returned before another program than so many is compiled, since
            a framework keeps what it has compiled for as long as its process lives.

    Raises:
        BadInput: what cannot be done; what is finished is kept.
    """
    program: Hashable = None
    compiled: set[Hashable] = set()
    checked: set[str] = set()
    while wanted := _wanted(walks):
        _check(wanted, checked)
        held = ledger.under_way()
        took, looked = False, time.monotonic()
        for job in _ordered(wanted, held, program):
            if most_programs and job.program not in compiled and len(compiled) >= most_programs:
                return False
            compiled.add(job.program)
            if _do(job, ledger, bench):
                took, program = True, job.program
                if time.monotonic() - looked > LOOK:
                    break
        if not took:
            time.sleep(random.uniform(0, WAIT))  # processes that look in step choose alike
        ledger.glance()
    return True


def _wanted(walks: Sequence[Walk]) -> list[Job]:
    """What is missing; one job where experiments look at the same training with other probes."""
    found: dict[str, Job] = {}
    for walk in walks:
        for job in walk.missing():
            known = found.get(job.key)
            joined = getattr(known, "joined", None)
            found[job.key] = job if known is None else joined(job) if joined else known
    return list(found.values())


def _check(jobs: Sequence[Job], checked: set[str]) -> None:
    """What cannot be is refused before the first of them is begun."""
    for job in jobs:
        if job.key not in checked:
            checked.add(job.key)
            if getattr(job, "backend", ""):
                import_keras()
            if check := getattr(job, "check", None):
                check()


def _ordered(wanted: Sequence[Job], held: set[str], program: Hashable) -> Iterator[Job]:
    """The jobs to try: of one program, this process's or one that no other process has."""
    free = [job for job in wanted if job.key not in held]
    if not free:
        return
    others = {job.program for job in wanted if job.key in held}
    unshared = [job for job in free if job.program not in others]
    own = [job for job in free if job.program == program]
    # Nothing is compiled here for any of them, so each process may choose another.
    first = own[0] if own else unshared[0] if unshared else random.choice(free)
    yield from (job for job in free if job.program == first.program)


def _do(job: Job, ledger: Ledger, bench: Bench) -> bool:
    """Whether it was this process's to do."""
    lease = ledger.take(job.key, job.parts.values())
    if lease is None:
        return False
    with lease:
        began = time.monotonic()
        missing = frozenset(name for name, key in job.parts.items() if key not in ledger)
        found = job.do(replace(bench, missing=missing))
        seconds = time.monotonic() - began
        made = {**provenance(), "seconds": round(seconds, 3), "peak_mib": _peak_mib()}
        for name in sorted(missing, reverse=True):  # the job's own record is the last
            if name not in found:
                raise BadInput(f"{job.title}: the job did not return its part {name!r}")
            record = Record(job.parts[name], {**job.as_dict(), "part": name}, found[name], made)
            ledger.put(record, durable=seconds > QUICK)
        if finished := getattr(job, "finished", None):
            finished(bench)  # its checkpoint, for example, is needed no more
    return True


def _peak_mib() -> int:
    """The most memory that this process has held so far."""
    if resource is None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (2**20 if sys.platform == "darwin" else 2**10)
