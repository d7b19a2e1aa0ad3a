"""The command line that `studies` and `benchmarks` share."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from keras_norms.lab.carrying_out import Place, carry_out, fetch, report
from keras_norms.lab.command_options import (
    STORAGE,
    add_output_options,
    add_piece_options,
    add_run_options,
    add_worker_options,
    scale_in,
)
from keras_norms.lab.discovery import discover
from keras_norms.lab.dry_run import dry_run
from keras_norms.lab.errors import BadInput, BadOption
from keras_norms.lab.experiment import Experiment
from keras_norms.lab.ledger import Ledger
from keras_norms.lab.ledger.passwords import hidden
from keras_norms.lab.options import add_to
from keras_norms.lab.pieces import Piece, announced, chosen_pieces, in_pieces
from keras_norms.lab.provenance import cores
from keras_norms.lab.signals import Interrupted, interruptible
from keras_norms.lab.workers import WorkersLost

LOST, BAD_INPUT = 1, 2
RESUMING = """
Rerun the same command to resume an interrupted run.
The backend is Keras's: KERAS_BACKEND=jax python -m ..."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"error: {hidden(message)[:600]}; see {self.prog} --help\n")


@dataclass(frozen=True)
class Writer:
    """A command that writes files from or into a folder.

    Attributes:
        about: its line of help.
        option: that names the folder, `told` its line of help, `folder` its default.
        write: takes the folder; returns the files, which are printed.
    """

    about: str
    option: str
    told: str
    folder: Path
    write: Callable[[Path], Sequence[Path]]


@dataclass(frozen=True)
class Program:
    """A command line, `python -m <name>`, with `list`, `run NAME` and `report`.

    Attributes:
        name: of the package in which the experiments are.
        about: its first line of help; `examples` its last ones.
        plans: more commands, by name: a line of help, and what makes the experiments. Their pages
            have ranges and no verdicts.
        in_pieces: commands that are done in pieces within `--minutes`, by name: a line of help, the
            minutes that they have by default, the scale, and what makes the pieces.
        others: programs whose experiments `report` shows too.
        writers: commands that write files of what is committed, by name.
    """

    name: str
    about: str
    examples: str
    plans: Mapping[str, tuple[str, Callable[[], Sequence[Experiment]]]] = field(
        default_factory=dict
    )
    in_pieces: Mapping[str, tuple[str, float, str, Callable[[], Sequence[Piece]]]] = field(
        default_factory=dict
    )
    others: Sequence[str] = ()
    writers: Mapping[str, Writer] = field(default_factory=dict)

    def main(self, argv: Sequence[str]) -> int:
        """Runs a command; returns the exit code.

        0; 1 where every worker was lost, 2 for bad input; 130, 143 and 129 after Ctrl-C, SIGTERM
        and SIGHUP.
        """
        warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
        said = hidden(shlex.join(["python", "-m", self.name, *argv]))
        try:
            with interruptible():
                found = discover(self.name)
                options = self.parser(found, argv).parse_args(argv)
                self.obey(options, found, said)
            return 0
        except BadOption as error:
            return _fail(BAD_INPUT, error.on_command_line())
        except BadInput as error:
            return _fail(BAD_INPUT, hidden(str(error)))
        except WorkersLost as error:
            return _fail(LOST, str(error))
        except BrokenPipeError:  # whoever read the output has gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return LOST
        except Interrupted as error:
            print(f"\ninterrupted; finished runs are saved. Resume with: {said}", file=sys.stderr)
            return error.code

    def obey(
        self, options: argparse.Namespace, found: Mapping[str, type[Experiment]], said: str
    ) -> None:
        if options.command == "list":
            for name, kind in found.items():
                print(f"{name:28}  {kind.title()}")
        elif options.command == "report":
            kinds = [*found.values(), *(k for o in self.others for k in discover(o).values())]
            report(kinds, options.out, _storage(options))
        elif options.command == "run":
            kinds = chosen(found, options.experiment)
            experiments = [kind.at(options.scale, vars(options)) for kind in kinds]
            if options.dry_run:
                ledger = Ledger.open(_storage(options) or str(options.out))
                print(*dry_run(experiments, ledger, options.workers or cores()), sep="\n")
                return
            if options.download:
                fetch(experiments, options.data_dir)
            carry_out(
                experiments,
                _place(options),
                page=options.experiment,
                scale=options.scale,
                command=said,
            )
        elif options.command in self.writers:
            print(*self.writers[options.command].write(options.folder), sep="\n")
        elif options.command in self.in_pieces:
            _, _, scale, plan = self.in_pieces[options.command]
            pieces = chosen_pieces(plan(), options.only)
            if options.dry_run:
                ledger = Ledger.open(_storage(options) or str(options.out))
                print(*announced(pieces, ledger), sep="\n")
                return
            minutes, place = options.minutes, _place(options)
            in_pieces(pieces, place, minutes=minutes, scale=scale, command=said)
        else:
            _, plan = self.plans[options.command]
            carry_out(plan(), _place(options), page="report", command=said, verdicts=False)

    def parser(
        self, found: Mapping[str, type[Experiment]], argv: Sequence[str] = ()
    ) -> argparse.ArgumentParser:
        parser = Parser(
            prog=f"python -m {self.name}",
            description=self.about,
            epilog=f"examples:\n{self.examples}\n{RESUMING}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        commands.add_parser("list", help="what there is to run")
        run = commands.add_parser("run", help="run an experiment or a group, and write its page")
        names = run.add_subparsers(dest="experiment", required=True, metavar="NAME")
        for name in (*groups(found), *found):
            kinds = chosen(found, name)
            about = kinds[0].title() if name in found else f"all of {name}"
            one = names.add_parser(
                name,
                help=about.replace("%", "%%"),
                description=kinds[0].card() if name in found else " ".join(k.name() for k in kinds),
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
            add_run_options(one, kinds)
            if name in found:
                add_to(one, kinds[0], scale_in(argv))
            else:
                add_to(one, Experiment)
        for name, (about, _) in self.plans.items():
            one = commands.add_parser(name, help=about, description=about)
            add_output_options(one)
            add_worker_options(one)
        for name, (about, minutes, *_) in self.in_pieces.items():
            one = commands.add_parser(name, help=about, description=about)
            add_output_options(one)
            add_piece_options(one, minutes)
        for name, writer in self.writers.items():
            one = commands.add_parser(name, help=writer.about, description=writer.about)
            one.add_argument(
                f"--{writer.option}",
                dest="folder",
                type=Path,
                default=writer.folder,
                metavar="DIR",
                help=f"{writer.told} (default: %(default)s)",
            )
        again = "write the page of all that has been run"
        add_output_options(commands.add_parser("report", help=again, description=again))
        return parser


def groups(found: Mapping[str, type[Experiment]]) -> list[str]:
    """The packages whose experiments are also run together."""
    return list(dict.fromkeys(name.partition(".")[0] for name in found if "." in name))


def chosen(found: Mapping[str, type[Experiment]], name: str) -> list[type[Experiment]]:
    """The experiment called `name`, or all of a group, in their order."""
    alone = [kind for key, kind in found.items() if key == name]
    return alone or [kind for key, kind in found.items() if key.startswith(f"{name}.")]


def _fail(code: int, message: str) -> int:
    print(f"error: {' '.join(message.splitlines())}", file=sys.stderr)
    return code


def _storage(options: argparse.Namespace) -> str | None:
    return options.storage or os.environ.get(STORAGE)


def _place(options: argparse.Namespace) -> Place:
    data_dir = getattr(options, "data_dir", None)
    searches = getattr(options, "searches", None)
    workers, launcher = getattr(options, "workers", 1), getattr(options, "launcher", "local")
    return Place(options.out, _storage(options), data_dir, workers, launcher, searches)
