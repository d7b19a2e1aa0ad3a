"""A plan walked by what the ledger has: training and reporting decide alike what comes next."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keras_norms.lab.errors import BadInput
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.found import Found, Group
from keras_norms.lab.job import Computation, Job
from keras_norms.lab.ledger import Ledger, recorded

Steps = Generator[list[Job], list[Any], Any]


@dataclass(frozen=True)
class Search:
    """A group whose jobs depend on what the ones before have found.

    Attributes:
        steps: yields lists of jobs, is sent their outcomes, returns what it found; a function of
            the outcomes alone, so that every process takes the same way.
        most: how many jobs it may take, for the time left.
    """

    steps: Steps
    most: int = 0


@dataclass(frozen=True)
class Recorded:
    """A group of every computation of a function that the storage has.

    It holds what other machines, backends and settings have found, for tables that compare them;
    nothing is computed for it.

    Attributes:
        function: its full name, as in `Computation`.
    """

    function: str

    def read(self, ledger: Ledger) -> list[Computation]:
        """The computations, those of one backend together."""
        records = (ledger.get(key) for key in sorted(ledger.keys()))
        known = [r.job for r in records if r and r.job.get("function") == self.function]
        fields = ("function", "arguments", "backend", "seed")
        found = [Computation(**{name: job[name] for name in fields}) for job in known]
        return sorted(found, key=lambda job: (job.backend, json.dumps(job.as_dict())))


class Walk:
    """Where an experiment's plan stands."""

    def __init__(self, experiment: Experiment, ledger: Ledger) -> None:
        self.experiment, self.found = experiment, Found()
        self._ledger = ledger
        self._content: dict[tuple[str, ...], str] = {}  # of each job by the keys of its parts
        self._plan = experiment.plan()
        self._groups: dict[str, _Group | _RecordedGroup] = {}
        self._searches: dict[str, _Group] = {}
        self._advance(None)

    @property
    def finished(self) -> bool:
        return self.found.complete

    def missing(self) -> list[Job]:
        """The jobs that are wanted now and that no record has; none where it is finished."""
        while not self.found.complete:
            wanted = [job for group in self._groups.values() for job in group.missing()]
            done = {name: g.result for name, g in self._groups.items() if g.finished}
            for name, result in done.items():  # in the plan's order, whichever finished first
                self.found.pop(name, None)
                self.found[name] = result
            if wanted:
                return list({_identity(job): job for job in wanted}.values())
            self._advance(self.found)
        return []

    def searched(self) -> dict[str, list[tuple[Job, Any]]]:
        """By name what each search has done so far, with the outcomes."""
        return {name: group.done for name, group in self._searches.items()}

    @property
    def expected(self) -> int:
        """How many jobs are still to come as far as the plan has named them, at most."""
        return sum(group.expected for group in self._groups.values())

    def _advance(self, told: Found | None) -> None:
        try:
            groups = next(self._plan) if told is None else self._plan.send(told)
        except StopIteration:
            if told is None:
                raise self._wrong("plans nothing: yield at least one group of jobs") from None
            self.found.complete, self._groups = True, {}
            return
        if not isinstance(groups, Mapping) or not groups:
            raise self._wrong(f"yields {groups!r}: write a dictionary of named groups of jobs")
        self._groups = {name: _group(self, name, group) for name, group in groups.items()}
        self._searches |= {
            name: group
            for name, group in self._groups.items()
            if isinstance(group, _Group) and group.is_search
        }

    def recorded(self, name: str, recorded: Recorded) -> Group:
        """The group as the storage has it by now."""
        jobs = recorded.read(self._ledger)
        listed = self.add(name, jobs) if jobs else []
        return Group(name, listed, self.read(name, listed) or [])

    def read(self, name: str, jobs: Iterable[Any]) -> list[Any] | None:
        """The outcomes of jobs; None where one is missing."""
        found = []
        for job in jobs:
            outcomes = recorded(self._ledger, job.parts)
            if outcomes is None:
                return None
            found.append(job.read(outcomes))
        return found

    def is_missing(self, job: Job) -> bool:
        return any(key not in self._ledger for key in job.parts.values())

    def add(self, name: str, jobs: Iterable[Any]) -> list[Job]:
        """Takes note of the jobs of a group."""
        listed = list(jobs)
        for job in listed:
            if not isinstance(job, Job):
                raise self._wrong(f"group {name!r} holds {job!r}, which is no job: write Run(...)")
            content = json.dumps(job.as_dict(), sort_keys=True, default=str)
            known = self._content.get(_identity(job))
            if known is None:
                self._content[_identity(job)] = content
                self.found.jobs.append(job)
            elif known != content:
                raise self._wrong(f"two jobs of key {job.key} differ: {content} is one of them")
        if not listed:
            raise self._wrong(f"group {name!r} is empty: yield at least one job in it")
        return listed

    def _wrong(self, what: str) -> BadInput:
        module = type(self.experiment).__module__
        return BadInput(f"the plan of {self.experiment.name()} ({module}) {what}")


def _identity(job: Job) -> tuple[str, ...]:
    """One training that is looked at by other probes is another job."""
    return tuple(job.parts.values())


def _group(walk: Walk, name: str, content: Any) -> _Group | _RecordedGroup:
    kind = _RecordedGroup if isinstance(content, Recorded) else _Group
    return kind(walk, name, content)


class _RecordedGroup:
    """A group that is read anew at each look, since other groups add to it."""

    finished, expected = True, 0

    def __init__(self, walk: Walk, name: str, content: Recorded) -> None:
        self._walk, self._name, self._content = walk, name, content

    @property
    def result(self) -> Group:
        return self._walk.recorded(self._name, self._content)

    def missing(self) -> list[Job]:
        return []


class _Group:
    """A group that is a list of jobs, or a search that names them one after another."""

    def __init__(self, walk: Walk, name: str, content: Any) -> None:
        self._walk, self.name, self.result = walk, name, None
        self._search = content if isinstance(content, Search) else None
        if isinstance(content, Generator):
            self._search = Search(content)
        self.done: list[tuple[Job, Any]] = []
        self.finished = False
        self._jobs: list[Job] = []
        self._begin(content if self._search is None else None)

    @property
    def is_search(self) -> bool:
        return self._search is not None

    @property
    def expected(self) -> int:
        most = self._search.most if self._search and not self.finished else 0
        return max(0, most - len(self.done) - len(self._jobs))

    def missing(self) -> list[Job]:
        while not self.finished:
            # Names first: reading outcomes is dear, and most looks find that none is new.
            if absent := [job for job in self._jobs if self._walk.is_missing(job)]:
                return absent
            outcomes = self._walk.read(self.name, self._jobs)
            if outcomes is None:
                continue
            if self._search is None:
                self.result, self.finished = Group(self.name, self._jobs, outcomes), True
            else:
                self.done += zip(self._jobs, outcomes, strict=True)
                self._send(outcomes)
        return []

    def _begin(self, jobs: Iterable[Any] | None) -> None:
        if jobs is None:
            self._send(None)
        else:
            self._jobs = self._walk.add(self.name, jobs)

    def _send(self, outcomes: list[Any] | None) -> None:
        steps = self._search.steps  # type: ignore[union-attr]
        try:
            jobs = next(steps) if outcomes is None else steps.send(outcomes)
            self._jobs = self._walk.add(self.name, jobs)
        except StopIteration as end:
            self.result, self.finished, self._jobs = end.value, True, []
