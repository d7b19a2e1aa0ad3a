"""The command line that `studies` and `benchmarks` share."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import sys
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from keras_norms.lab import data
from keras_norms.lab.errors import BadInput
from keras_norms.lab.experiments import Plan, carry_out, report, scales, settings_of, title
from keras_norms.lab.storage import hide_password
from keras_norms.lab.workers import LAUNCHERS, WorkersLost

LOST, BAD_INPUT, STOPPED = 1, 2, 130
RESUMING = """
A command that was stopped goes on from there when it is given again.
The backend is Keras's: KERAS_BACKEND=jax python -m ..."""


@dataclass(frozen=True)
class Program:
    """A command line, `python -m <name>`, with `list`, `run NAME` and `report`.

    Attributes:
        about: its first line of help; `examples` its last ones.
        experiments: by name, in the order of `list`. Those called "group.name" are also run
            together, by the name of the group.
        others: experiments of other programs, which `report` shows too.
        plans: more commands, by name: a line of help, and what makes the plan.
    """

    name: str
    about: str
    examples: str
    experiments: Mapping[str, ModuleType]
    others: Sequence[ModuleType] = ()
    plans: Mapping[str, tuple[str, Callable[[], Plan]]] = field(default_factory=dict)

    def main(self, argv: Sequence[str]) -> int:
        """Runs a command; returns the exit code.

        0, 2 for bad input, 130 after Ctrl-C, 1 where every worker was lost.
        """
        warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
        options = self.parser().parse_args(argv)
        try:
            self.obey(options)
            return 0
        except BadInput as error:
            print(f"error: {error}", file=sys.stderr)
            return BAD_INPUT
        except WorkersLost as error:
            print(f"error: {error}", file=sys.stderr)
            return LOST
        except KeyboardInterrupt:
            again = hide_password(shlex.join(["python", "-m", self.name, *argv]))
            print(f"\nstopped; finished runs are kept. Go on with: {again}", file=sys.stderr)
            return STOPPED

    def obey(self, options: argparse.Namespace) -> None:
        if options.command == "list":
            for name, module in self.experiments.items():
                print(f"{name:24}  {title(module)}")
        elif options.command == "report":
            modules = [*self.experiments.values(), *self.others]
            report(modules, options.out, options.storage)
        elif options.command == "run":
            modules = self.chosen(options.experiment)
            plan = [(module, settings_of(module, vars(options))) for module in modules]
            if getattr(options, "download", False):
                for name in fetched(plan):
                    data.load(name, data_dir=options.data_dir, download=True)
            carry_out(
                plan,
                options.out,
                options.storage,
                data_dir=getattr(options, "data_dir", None),
                page=options.experiment,
                workers=options.workers,
                launcher=options.launcher,
            )
        else:
            _, plan = self.plans[options.command]
            carry_out(
                plan(),
                options.out,
                options.storage,
                workers=options.workers,
                launcher=options.launcher,
            )

    @property
    def groups(self) -> list[str]:
        names = (name.partition(".") for name in self.experiments)
        return list(dict.fromkeys(group for group, dot, _ in names if dot))

    def chosen(self, name: str) -> list[ModuleType]:
        """The experiment called `name`, or all of a group, in their order."""
        chosen = [module for key, module in self.experiments.items() if key == name]
        return chosen or [m for key, m in self.experiments.items() if key.startswith(f"{name}.")]

    def parser(self) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(
            prog=f"python -m {self.name}",
            description=self.about,
            epilog=f"examples:\n{self.examples}\n{RESUMING}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        commands.add_parser("list", help="what there is to run")
        run = commands.add_parser("run", help="run an experiment or a group, and write its page")
        names = run.add_subparsers(dest="experiment", required=True, metavar="NAME")
        for group in self.groups:
            inside = [name for name in self.experiments if name.startswith(f"{group}.")]
            every = names.add_parser(group, help=f"all of {group}", description=" ".join(inside))
            add_output_options(every)
            add_worker_options(every)
            add_data_options(every)
            add_scale_option(every, self.chosen(group))
        for name, module in self.experiments.items():
            one = names.add_parser(
                name,
                help=title(module),
                description=module.__doc__,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
            add_output_options(one)
            add_worker_options(one)
            add_scale_option(one, [module])
            add_run_options(one, {field.name for field in dataclasses.fields(module.Settings)})
            module.add_options(one)
        for name, (about, _) in self.plans.items():
            one = commands.add_parser(name, help=about, description=about)
            add_output_options(one)
            add_worker_options(one)
        again = "write the page of all that has been run"
        add_output_options(commands.add_parser("report", help=again, description=again))
        return parser


def fetched(plan: Plan) -> list[str]:
    """The data sets of a plan that are loaded as arrays."""
    arrays = [settings for module, settings in plan if not getattr(module, "STREAMED", False)]
    return sorted({settings.data for settings in arrays if hasattr(settings, "data")})


def add_output_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="folder for the report, its tables and figures, and the finished runs (default: "
        "results)",
    )
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="where finished runs are kept: a journal file, sqlite:///FILE or "
        "postgresql://USER:PASSWORD@HOST/NAME (default: trials.log in the folder of --out)",
    )


def add_worker_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=int, metavar="N", help="processes that train side by side"
    )
    parser.add_argument(
        "--launcher",
        choices=LAUNCHERS,
        default="local",
        help="where workers run: on this machine, or on a Ray cluster (default: local)",
    )


def add_scale_option(parser: argparse.ArgumentParser, modules: Sequence[ModuleType]) -> None:
    if len(known := scales(modules)) > 1:
        parser.add_argument(
            "--scale", choices=known, help="what it is run on: its data, steps and sizes"
        )


def add_data_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-dir", metavar="DIR", help="folder that holds sets of TFDS")
    parser.add_argument("--download", action="store_true", help="let TFDS fetch and prepare them")


def add_run_options(parser: argparse.ArgumentParser, settings: Collection[str]) -> None:
    """Data and budget: an option for each of them that the experiment has as a setting."""
    if "data" in settings:
        parser.add_argument(
            "--data", metavar="NAME", help="digits, or an image classification set of TFDS"
        )
        add_data_options(parser)
    for name, meaning in (
        ("seeds", "number of paired seeds"),
        ("steps", "step budget of a run"),
        ("batch", "mini-batch size"),
    ):
        if name in settings:
            parser.add_argument(f"--{name}", type=int, metavar="N", help=meaning)
