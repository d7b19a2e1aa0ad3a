"""From what `--storage` says to a store.

    results                                     a folder: the default
    sqlite:///records.db                        SQLite
    postgresql://user:password@host/name        a server, for many machines
    .../records.jsonl.gz                        the archive of a published page, to read

Whatever else SQLAlchemy knows is opened by its URL too.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy

from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger import archive
from keras_norms.lab.ledger.folder import FolderStore
from keras_norms.lab.ledger.passwords import hidden_url
from keras_norms.lab.ledger.retrying import INSTEAD
from keras_norms.lab.ledger.store import Store
from keras_norms.lab.ledger.table import TableStore

BEFORE = ("trials.log", "journal.log")  # of versions that kept runs as Optuna trials
SQLITE = b"SQLite format 3\0"


def open_store(storage: str | Path) -> Store:
    """The store that a URL or a path names.

    Raises:
        BadInput: it cannot be opened, or is something else; it is left as it is.
    """
    url = str(storage)
    if "://" in url:
        _require_database(url)
        return TableStore(url, hidden_url(url))
    path = Path(url)
    if path.name in BEFORE or (path.is_dir() and (found := _before(path))):
        old = path if path.name in BEFORE else found
        raise BadInput(
            f"storage={str(old)!r} was written by a version before 0.2, which kept runs as Optuna "
            "trials, and is not read: name another --out or --storage, and the runs are done anew"
        )
    if url.endswith(archive.ENDING):
        return archive.ArchiveStore(path)
    return FolderStore(path)


def is_local(storage: str) -> bool:
    """Whether only the processes of one machine can share it."""
    return "://" not in storage or storage.startswith("sqlite")


def absolute(storage: str | Path) -> str:
    """The same storage as seen from any folder.

    Raises:
        BadInput: it is in memory, where only one process sees it.
    """
    url = str(storage)
    if "://" not in url:
        return str(Path(url).absolute())
    if not url.startswith("sqlite"):
        return url
    parsed = sqlalchemy.make_url(url)
    if parsed.database in (None, "", ":memory:"):
        raise BadInput(f"storage={url!r} is in memory, so nothing would be kept; {INSTEAD}")
    return parsed.set(database=str(Path(parsed.database).absolute())).render_as_string()


def _before(folder: Path) -> Path | None:
    """The journal of an older version, in a folder that has no records of this one."""
    if (folder / "records").exists():
        return None
    return next((folder / name for name in BEFORE if (folder / name).exists()), None)


def _require_database(url: str) -> None:
    """An SQLite file that is something else is left alone, as is a device."""
    if not url.startswith("sqlite:"):
        return
    path = Path(sqlalchemy.make_url(url).database or "")
    if not path.exists():
        return
    with_header = path.is_file() and (not path.stat().st_size or path.open("rb").read(16) == SQLITE)
    if not with_header:
        raise BadInput(f"storage={url!r} is no SQLite file: name another, which is then created")
