"""The storages that a test of ledgers runs on: a folder, SQLite, and PostgreSQL where there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.ledger.postgres import binaries, running

KINDS = ["folder", "sqlite", "postgresql"]


@pytest.fixture(params=KINDS)
def storage(request, tmp_path: Path):
    """The URL or path of an empty storage."""
    if request.param == "folder":
        yield str(tmp_path / "records")
    elif request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/records.db"
    elif binaries() is None:
        pytest.skip("PostgreSQL is not installed: initdb is not found")
    else:
        pytest.importorskip("psycopg")
        with running(binaries()) as server:
            yield server.url()
