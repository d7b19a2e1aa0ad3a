"""Experiments: what one is made of, how it is carried out, and how its page is written.

An experiment is a module whose docstring is its card (the first line its title), with

    Settings                         frozen dataclass; its `study` names the Optuna study
    add_options(parser)              one option for each setting that a user may want to change
    effort(settings)                 about what it costs, for the time left
    run(study, settings, ...)        trains what is missing
    section(study, settings, folder) its part of the report, from the finished runs alone

    GROWING                          optional: names of the settings that may differ from those that
                                     the study was created with; without it all may

and that is all it needs to be listed, run, stopped, gone on with and reported. One whose work
bears no company on its machine says `ALONE = True`, one whose data are no arrays that `--download`
could fetch `STREAMED = True`. One that can be run at several scales has `SCALES` as well: by name,
the settings that differ from the defaults, which are those of "cpu".
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import optuna

from keras_norms.lab.errors import BadInput
from keras_norms.lab.progress import Progress
from keras_norms.lab.report.page import Report
from keras_norms.lab.storage import absolute, hide_password, open_storage
from keras_norms.lab.workers import Job, share

JOURNAL, CHECKPOINTS = "trials.log", "checkpoints"
SETTINGS = "settings"

Plan = Sequence[tuple[ModuleType, Any]]  # experiments with their settings


def title(module: ModuleType) -> str:
    return (module.__doc__ or module.__name__).strip().split("\n")[0]


def scales(modules: Sequence[ModuleType]) -> list[str]:
    """The scales that at least one of the experiments has, "cpu" first."""
    return list(dict.fromkeys(["cpu", *(s for m in modules for s in getattr(m, "SCALES", {}))]))


def settings_of(module: ModuleType, values: Mapping[str, Any]) -> Any:
    """The experiment's settings from options or from JSON; what is absent has its default.

    The default is that of `values["scale"]` where the experiment has that scale.

    Raises:
        BadInput: settings that cannot be.
    """
    known = {field.name for field in dataclasses.fields(module.Settings)}
    given = dict(getattr(module, "SCALES", {}).get(values.get("scale"), {}))
    given |= {name: value for name, value in values.items() if name in known and value is not None}
    return module.Settings(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in given.items()
        }
    )


def carry_out(
    plan: Plan,
    out: Path,
    storage: str | None = None,
    *,
    data_dir: str | Path | None = None,
    page: str = "report",
    workers: int | None = None,
    launcher: str = "local",
) -> Path:
    """Runs the experiments of a plan and writes their page, `<page>.html`; returns its path.

    Args:
        out: folder of the page, its tables and figures, of the journal, and of the checkpoints of
            runs in the middle.
        storage: URL; the journal in `out` where None.
        workers: how many train side by side; this process alone where None.
        launcher: what the workers are: "local", processes of this machine, or "ray".

    Raises:
        BadInput: what cannot be opened, written or run.
        WorkersLost: every worker crashed or was killed.
    """
    shared = workers is not None or launcher != "local"
    if workers is not None and workers < 1:
        raise BadInput(f"workers={workers} train nothing; write 1 or more")
    for module, _ in plan:
        if shared and getattr(module, "ALONE", False):
            raise BadInput(
                f"workers={workers}: {module.__name__} measures time, which others on the "
                "machine would disturb; leave --workers and --launcher out"
            )
    writable(out)
    job = Job(
        tuple((module.__name__, settings) for module, settings in plan),
        absolute(storage or out / JOURNAL),
        None if data_dir is None else str(data_dir),
        str((out / CHECKPOINTS).absolute()),
    )
    studies = job.studies()
    for study, (module, settings) in zip(studies, plan, strict=True):
        _claim(study, module, settings)
    with Progress.shown() as progress:
        if shared:
            share(job, workers, launcher, progress)
        else:
            job.work(progress)
    found = [(study, *part) for study, part in zip(studies, plan, strict=True)]
    return _write(found, out, page)


def _claim(study: optuna.Study, module: ModuleType, settings: Any) -> None:
    """Signs the study with its experiment, which `report` reads.

    Raises:
        BadInput: it is another experiment's, somebody else's altogether, or of other settings.
    """
    owner = study.user_attrs.get("experiment")
    if owner is None and study.get_trials(deepcopy=False):
        owner = "something that has not signed it"
    if owner not in (None, module.__name__):
        raise BadInput(
            f"study={study.study_name!r} in this storage belongs to {owner}, not to "
            f"{module.__name__}; name another storage"
        )
    require_same_settings(study, module, settings)
    study.set_user_attr("experiment", module.__name__)
    study.set_user_attr(SETTINGS, dataclasses.asdict(settings))


def report(modules: Sequence[ModuleType], out: Path, storage: str | None = None) -> Path:
    """Writes `report.html` with every experiment of `modules` that the storage has runs of.

    Raises:
        BadInput: there are none, or the storage or the folder cannot be used.
    """
    if not storage and not (out / JOURNAL).exists():
        raise BadInput(
            f"out={str(out)!r} has no finished runs ({JOURNAL} is missing); "
            "run an experiment first, or name the folder that it wrote to"
        )
    opened = open_storage(storage or out / JOURNAL)
    order = [module.__name__ for module in modules]
    found = []
    for name in optuna.get_all_study_names(opened):
        study = optuna.load_study(study_name=name, storage=opened)
        if study.user_attrs.get("experiment") in order:
            module = modules[order.index(study.user_attrs["experiment"])]
            found.append((study, module, settings_of(module, study.user_attrs[SETTINGS])))
    if not found:
        where = hide_password(storage) if storage else str(out / JOURNAL)
        raise BadInput(
            f"storage={where!r} has no runs of {', '.join(order)}; run an experiment first"
        )
    found.sort(key=lambda part: order.index(part[1].__name__))
    return _write(found, writable(out), "report")


def require_same_settings(study: optuna.Study, module: ModuleType, settings: Any) -> None:
    """Raises BadInput where the study was created with other settings than these, and says which.

    Settings that the module names in `GROWING` may change: they say how much of the same is run.
    """
    before = study.user_attrs.get(SETTINGS)
    if before is None:
        return
    now = json.loads(json.dumps(dataclasses.asdict(settings)))  # tuples become lists, as stored
    fixed = [name for name in now if name not in getattr(module, "GROWING", now)]
    if changed := [name for name in fixed if name in before and before[name] != now[name]]:
        name = changed[0]
        raise BadInput(
            f"{name}={now[name]!r} differs from {name}={before[name]!r}, with which the study "
            f"{study.study_name!r} was created: write that, or another --out or --storage"
        )


def writable(folder: Path) -> Path:
    """`folder`, created where it is not there.

    Raises:
        BadInput: it cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise BadInput(
            f"out={str(folder)!r} cannot be written ({error.strerror or error}); "
            "name a folder that can"
        ) from error


def _write(found: Sequence[tuple[optuna.Study, ModuleType, Any]], out: Path, page: str) -> Path:
    sections = [module.section(study, settings, out) for study, module, settings in found]
    html, markdown = Report("keras-norms: " + page, sections).write(out, page)
    for section in sections:
        print(f"\n{section.title}", *section.summary, sep="\n")
    print(f"\nreport: {html} (and {markdown.name})")
    return html
