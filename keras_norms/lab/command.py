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
from keras_norms.lab.experiments import Plan, carry_out, report, settings_of, title
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
        experiments: by name, in the order of `list`.
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
                print(f"{name:12}  {title(module)}")
        elif options.command == "report":
            modules = [*self.experiments.values(), *self.others]
            report(modules, options.out, options.storage)
        elif options.command == "run":
            module = self.experiments[options.experiment]
            settings = settings_of(module, vars(options))
            if getattr(options, "download", False):
                data.load(settings.data, data_dir=options.data_dir, download=True)
            carry_out(
                [(module, settings)],
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

    def parser(self) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(
            prog=f"python -m {self.name}",
            description=self.about,
            epilog=f"examples:\n{self.examples}\n{RESUMING}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        commands.add_parser("list", help="what there is to run")
        run = commands.add_parser("run", help="run one experiment and write its page")
        names = run.add_subparsers(dest="experiment", required=True, metavar="NAME")
        for name, module in self.experiments.items():
            one = names.add_parser(
                name,
                help=title(module),
                description=module.__doc__,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
            add_output_options(one)
            add_worker_options(one)
            add_run_options(one, {field.name for field in dataclasses.fields(module.Settings)})
            module.add_options(one)
        for name, (about, _) in self.plans.items():
            one = commands.add_parser(name, help=about, description=about)
            add_output_options(one)
            add_worker_options(one)
        again = "write the page of all that has been run"
        add_output_options(commands.add_parser("report", help=again, description=again))
        return parser


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


def add_run_options(parser: argparse.ArgumentParser, settings: Collection[str]) -> None:
    """Data and budget: an option for each of them that the experiment has as a setting."""
    if "data" in settings:
        parser.add_argument(
            "--data", metavar="NAME", help="digits, or an image classification set of TFDS"
        )
        parser.add_argument("--data-dir", metavar="DIR", help="folder that holds the TFDS set")
        parser.add_argument(
            "--download", action="store_true", help="let TFDS fetch and prepare the set"
        )
    for name, meaning in (
        ("seeds", "number of paired seeds"),
        ("steps", "step budget of a run"),
        ("batch", "mini-batch size"),
    ):
        if name in settings:
            parser.add_argument(f"--{name}", type=int, metavar="N", help=meaning)
