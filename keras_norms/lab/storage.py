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
import sqlalchemy
from optuna.storages import BaseStorage, RDBStorage, get_storage

from keras_norms.lab.errors import BadInput
from keras_norms.lab.journal import open_journal
from keras_norms.lab.patience import PatientStorage

JOURNAL = "journal://"
INSTEAD = "write a file path, sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
# libpq's: a machine that has vanished is noticed within a minute, not by TCP's hours.
PROMPT = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


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
        server = RDBStorage(url, engine_kwargs={"connect_args": _connection(url)})
        return PatientStorage(get_storage(server), hide_password(url))
    except BadInput:
        raise
    # SQLAlchemy, its drivers and the file system each have their own errors, and all of them
    # mean the same here: the user has to write something else.
    except Exception as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise BadInput(
            f"storage={hide_password(url)!r} cannot be opened: {hide_password(reason)}; {INSTEAD}"
        ) from error


def _connection(url: str) -> dict[str, int]:
    return PROMPT if sqlalchemy.make_url(url).get_backend_name() == "postgresql" else {}


def is_file(url: str) -> bool:
    """Whether the storage is a file, which only the processes of one machine can share."""
    return "://" not in url or url.startswith((JOURNAL, "sqlite"))


def absolute(url: str | Path) -> str:
    """The same storage as seen from any folder.

    Raises:
        BadInput: it is in memory, where only one process sees it.
    """
    url = str(url)
    if "://" not in url or url.startswith(JOURNAL):
        return str(Path(url.removeprefix(JOURNAL)).absolute())
    if not url.startswith("sqlite"):
        return url
    parsed = sqlalchemy.make_url(url)
    if parsed.database in (None, "", ":memory:"):
        raise BadInput(f"storage={url!r} is in memory, so nothing would be kept; {INSTEAD}")
    return parsed.set(database=str(Path(parsed.database).absolute())).render_as_string()


def hide_password(text: str) -> str:
    """`text` with the password of every URL in it replaced by stars."""
    text = re.sub(r"(://[^:/@\s]*):[^@\s]*@", r"\1:***@", text)
    return re.sub(r"([?&]password=)[^&\s'\"]*", r"\1***", text)
