"""From a storage URL to an Optuna storage.

    results/trials.log, journal:///abs/path     a journal file, for one machine; the default
    sqlite:///trials.db                         SQLite
    postgresql://user:password@host/name        a server, for many machines

and whatever else SQLAlchemy knows.
"""

from __future__ import annotations

import re
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, RDBStorage

from keras_norms.lab.errors import BadInput
from keras_norms.lab.journal import open_journal

JOURNAL = "journal://"
INSTEAD = "write a file path, sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"


def open_storage(url: str | Path) -> BaseStorage:
    """Opens the storage that `url` names, and creates it where it is a file that is not there.

    Raises:
        BadInput: it cannot be opened; the message has the URL (without its password), the reason
            and the forms that are understood.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = str(url)
    try:
        if url.startswith(JOURNAL):
            return open_journal(Path(url.removeprefix(JOURNAL)))
        if "://" not in url:
            return open_journal(Path(url))
        return RDBStorage(url)
    except BadInput:
        raise
    # SQLAlchemy, its drivers and the file system each have their own errors, and all of them
    # mean the same here: the user has to write something else.
    except Exception as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise BadInput(
            f"storage={hide_password(url)!r} cannot be opened: {hide_password(reason)}; {INSTEAD}"
        ) from error


def hide_password(text: str) -> str:
    """`text` with the password of every URL in it replaced by stars."""
    return re.sub(r"(://[^:/@\s]*):[^@\s]*@", r"\1:***@", text)
