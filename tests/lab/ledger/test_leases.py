"""A job is done by one process at a time, and none holds it for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keras_norms.lab.ledger import Ledger, Record
from keras_norms.lab.ledger import store as stores
from keras_norms.lab.ledger.owner import Owner, host, this_process
from tests.lab.ledger.stores import storage as storage

pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[3]


def test_one_of_two_has_it(storage):
    first, second = Ledger.open(storage), Ledger.open(storage)
    lease = first.take("k", ["k"])
    assert lease
    assert second.take("k", ["k"]) is None
    assert second.under_way() == {"k"}
    lease.release()
    assert second.under_way() == set()
    with second.take("k", ["k"]):
        second.put(Record("k", {}, 1))
    assert first.take("k", ["k"]) is None, "it is finished, which the first had not seen"
    assert first.get("k").outcome == 1


def test_what_others_have_finished_is_not_claimed(storage, monkeypatch):
    """Where many work, nearly all that one tries is: a claim of each would be given back."""
    ledger, other = Ledger.open(storage), Ledger.open(storage)
    other.put(Record("k", {}, 1))
    claims, claim = [], ledger._store.claim
    monkeypatch.setattr(ledger._store, "claim", lambda key: claims.append(key) or claim(key))
    assert ledger.take("k", ["k"]) is None
    assert claims == []
    assert "k" in ledger
    with ledger.take("k", ["k", "k-probe"]):
        assert claims == ["k"]


def test_what_is_finished_just_before_the_claim_is_given_back(storage, monkeypatch):
    ledger, other = Ledger.open(storage), Ledger.open(storage)
    claim = ledger._store.claim

    def late(key: str):
        other.put(Record("k", {}, 1))
        return claim(key)

    monkeypatch.setattr(ledger._store, "claim", late)
    assert ledger.take("k", ["k"]) is None
    assert other.under_way() == set()
    assert ledger.get("k").outcome == 1


def test_a_missing_part_is_done_beside_what_is_there(storage):
    ledger = Ledger.open(storage)
    ledger.put(Record("k", {}, 1))
    with ledger.take("k", ["k", "k-probe"]) as lease:
        assert lease
        ledger.put(Record("k-probe", {}, 2))
    assert Ledger.open(storage).take("k", ["k", "k-probe"]) is None


def test_an_error_gives_it_back(storage):
    ledger = Ledger.open(storage)
    with pytest.raises(ZeroDivisionError), ledger.take("k", ["k"]):
        1 / 0  # noqa: B018
    with ledger.take("k", ["k"]) as lease:
        assert lease


def test_a_killed_process_leaves_it_free(storage):
    code = (
        "import os, sys; from keras_norms.lab.ledger import Ledger; "
        "assert Ledger.open(sys.argv[1]).take('k', ['k']); os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    died = subprocess.run([sys.executable, "-c", code, storage], env=environment)
    assert died.returncode == -9
    ledger = Ledger.open(storage)
    assert ledger.take("k", ["k"]) is None, "nobody has looked yet"
    assert ledger.under_way() == set()
    with ledger.take("k", ["k"]) as lease:
        assert lease


def test_another_host_s_ends_with_its_time(storage, monkeypatch):
    ledger = Ledger.open(storage)
    elsewhere = Owner("another", 1, 0.0)
    monkeypatch.setattr("keras_norms.lab.ledger.folder.this_process", lambda: elsewhere)
    monkeypatch.setattr("keras_norms.lab.ledger.table.this_process", lambda: elsewhere)
    ledger.take("k", ["k"])._ended.set()
    assert ledger.under_way() == {"k"}
    monkeypatch.setattr(stores, "EXPIRE", -1.0)
    assert ledger.under_way() == set()


def test_a_sign_of_life_keeps_it(storage, monkeypatch):
    ledger = Ledger.open(storage)
    lease = ledger.take("k", ["k"])
    store = ledger._store
    ages = [store.claimed()["k"].age]
    store.renew("k", lease._token)
    ages.append(store.claimed()["k"].age)
    assert ages[1] <= ages[0] + 1.0
    assert all(-1.0 < age < 60.0 for age in ages)
    lease.release()


def test_the_host_s_name_stays_in_the_house():
    import socket

    assert socket.gethostname() not in host()
    assert this_process().is_here()
    assert not this_process().has_ended()
    assert Owner(host(), this_process().pid, 0.0).has_ended(), "a later process of the same number"
