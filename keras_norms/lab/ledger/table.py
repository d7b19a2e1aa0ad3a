"""Records in a database with the key as primary key: for many machines."""

from __future__ import annotations

import contextlib
import json
import uuid
from dataclasses import asdict
from typing import Any

import sqlalchemy
from sqlalchemy import Column, Float, MetaData, String, Table, Text, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from keras_norms.lab.ledger.owner import Owner, this_process
from keras_norms.lab.ledger.retrying import Retrying
from keras_norms.lab.ledger.store import Claimed

TABLES = MetaData()
RECORDS = Table(
    "keras_norms_records",
    TABLES,
    Column("key", String(128), primary_key=True),
    Column("text", Text, nullable=False),
)
DAMAGED = Table(
    "keras_norms_damaged",
    TABLES,
    Column("name", String(160), primary_key=True),
    Column("text", Text, nullable=False),
)
LEASES = Table(
    "keras_norms_leases",
    TABLES,
    Column("key", String(128), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("token", String(32), nullable=False),
    Column("renewed", Float, nullable=False),
)


class TableStore:
    """See `keras_norms.lab.ledger.store.Store`; calls wait for a server that is restarting."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self._run = Retrying(url, name)
        self._run(lambda connection: TABLES.create_all(connection))

    def keys(self) -> set[str]:
        return set(self._run(lambda c: c.execute(select(RECORDS.c.key)).scalars().all()))

    def read(self, key: str) -> str | None:
        wanted = select(RECORDS.c.text).where(RECORDS.c.key == key)
        return self._run(lambda c: c.execute(wanted).scalar_one_or_none())

    def write(self, key: str, text: str, *, durable: bool) -> None:
        self._insert(RECORDS, key=key, text=text)

    def set_aside(self, key: str) -> str:
        name = f"{key}.{uuid.uuid4().hex[:8]}"
        text = self.read(key) or ""
        self._insert(DAMAGED, name=name, text=text)
        self._run(lambda c: c.execute(delete(RECORDS).where(RECORDS.c.key == key)))
        return f"{DAMAGED.name}, {name}"

    def claimed(self) -> dict[str, Claimed]:
        now, rows = self._run(lambda c: (_now(c), c.execute(select(LEASES)).all()))
        return {row.key: Claimed(_owner(row.owner), now - row.renewed, row.token) for row in rows}

    def claim(self, key: str) -> str | None:
        token = uuid.uuid4().hex
        owner = json.dumps(asdict(this_process()))
        wanted = select(LEASES.c.token).where(LEASES.c.key == key)

        def take(connection: sqlalchemy.Connection) -> None:
            now = _now(connection)
            connection.execute(
                insert(LEASES).values(key=key, owner=owner, token=token, renewed=now)
            )

        try:
            self._run(take)
        except IntegrityError:  # taken already: by us where the answer to a first try was lost
            return token if self._run(lambda c: c.execute(wanted).scalar()) == token else None
        return token

    def renew(self, key: str, token: str) -> None:
        ours = update(LEASES).where(LEASES.c.key == key, LEASES.c.token == token)
        self._run(lambda c: c.execute(ours.values(renewed=_now(c))))

    def release(self, key: str, token: str) -> bool:
        ours = delete(LEASES).where(LEASES.c.key == key, LEASES.c.token == token)
        return self._run(lambda c: c.execute(ours).rowcount) > 0

    def _insert(self, table: Table, **values: Any) -> None:
        with contextlib.suppress(IntegrityError):  # it is there already: records never change
            self._run(lambda c: c.execute(insert(table).values(**values)))


def _now(connection: sqlalchemy.Connection) -> float:
    """The server's clock, which is one for all machines."""
    sqlite = connection.dialect.name == "sqlite"
    asked = "(julianday('now') - 2440587.5) * 86400.0" if sqlite else "extract(epoch from now())"
    return float(connection.execute(sqlalchemy.text(f"select {asked}")).scalar())


def _owner(text: str) -> Owner | None:
    try:
        return Owner.read(json.loads(text))
    except ValueError:
        return None
