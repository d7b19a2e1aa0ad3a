"""A record is what was written under its key, or it is nothing."""

from __future__ import annotations

import random
import shutil
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_norms.lab.errors import BadInput
from keras_norms.lab.ledger import Ledger, Record
from keras_norms.lab.ledger.archive import write_archive
from keras_norms.lab.ledger.record import Damaged

pytestmark = pytest.mark.once
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(JSON, JSON)
def test_a_record_reads_back_as_it_was(job, outcome):
    record = Record("k", {"job": job}, outcome, {"commit": "c"})
    again = Record.read(record.text(), "k")
    assert again.outcome == outcome
    assert again.job == {"job": job}
    assert again.text() == record.text()


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_change_of_its_text_is_seen(data):
    text = Record("k", {"rate": 0.1}, {"accuracy": 0.97, "losses": [1.5, 0.25]}).text().encode()
    place = data.draw(st.integers(0, len(text) - 2))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != text[place]))
    changed = text[:place] + bytes([byte]) + text[place + 1 :]
    with pytest.raises(Damaged):
        Record.read(changed, "k")


def damage(path, kind, rng):
    """What a disk, a kill or a hand does to a file."""
    content = bytearray(path.read_bytes())
    if kind == "cut":
        content = content[: rng.randrange(len(content))]
    elif kind == "flip":
        content[rng.randrange(len(content) - 1)] ^= 1 << rng.randrange(7)
    elif kind == "zeros":
        content = bytearray(len(content))
    elif kind == "doubled":
        content = content * 2
    elif kind == "empty":
        content = bytearray()
    path.write_bytes(content)


@pytest.mark.parametrize("kind", ["cut", "flip", "zeros", "doubled", "empty", "swapped"])
def test_damage_touches_its_record_alone(tmp_path, kind, capsys):
    rng, survived, doubled = random.Random(kind), 0, 0
    for trial in range(20):
        folder = tmp_path / str(trial)
        ledger = Ledger.open(folder)
        for n in range(5):
            ledger.put(Record(f"k{n}", {"n": n}, {"value": n / 7}))
        path = folder / "records" / f"k{trial % 5}.json"
        if kind == "swapped":
            shutil.copyfile(folder / "records" / f"k{(trial + 1) % 5}.json", path)
        else:
            damage(path, kind, rng)
        reopened = Ledger.open(folder)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found = {n: reopened.get(f"k{n}") for n in range(5)}
        assert found.pop(trial % 5) is None
        assert {n: record.outcome["value"] for n, record in found.items()} == {
            n: n / 7 for n in found
        }
        assert f"k{trial % 5}" in str(said[0].message)
        assert list((folder / "damaged").iterdir()), "a copy is kept"
        # Done again, it is there again.
        with reopened.take(f"k{trial % 5}", [f"k{trial % 5}"]):
            reopened.put(Record(f"k{trial % 5}", {}, {"value": 1.0}))
        assert Ledger.open(folder).get(f"k{trial % 5}").outcome == {"value": 1.0}
        survived += 1
    print(f"\nrecord {kind}: tried 20, survived {survived}, lost 0, doubled {doubled}, wrong 0")


def test_a_finished_record_never_changes(tmp_path):
    ledger = Ledger.open(tmp_path)
    ledger.put(Record("k", {}, {"value": 1.0}))
    ledger.put(Record("k", {}, {"value": 2.0}))
    assert Ledger.open(tmp_path).get("k").outcome == {"value": 1.0}


def test_folders_merge_by_copying(tmp_path):
    for name in "ab":
        Ledger.open(tmp_path / name).put(Record(name, {}, name))
    shutil.copytree(tmp_path / "a" / "records", tmp_path / "b" / "records", dirs_exist_ok=True)
    merged = Ledger.open(tmp_path / "b")
    assert [merged.get(key).outcome for key in "ab"] == ["a", "b"]


def test_a_folder_that_may_not_be_written_is_read(tmp_path):
    Ledger.open(tmp_path).put(Record("k", {}, 1))
    Ledger.open(tmp_path).put(Record("bad", {}, 1))
    (tmp_path / "records" / "bad.json").write_text("{")
    archive = tmp_path / "copy" / "records.jsonl.gz"
    write_archive(archive, [Ledger.open(tmp_path).get("k")])
    reader = Ledger.open(archive)
    assert reader.get("k").outcome == 1
    with pytest.raises(BadInput, match="read and not written"):
        reader.put(Record("new", {}, 1))


@pytest.mark.parametrize(("make", "said"), [
    (lambda p: p.write_bytes(b"\0" * 100), "is no folder"),
    (lambda p: p.write_text("something"), "is no folder"),
])  # fmt: skip
def test_a_foreign_file_is_refused_and_untouched(tmp_path, make, said):
    path = tmp_path / "file"
    make(path)
    before = path.read_bytes()
    with pytest.raises(BadInput, match=said):
        Ledger.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", ["/dev/full", "/dev/null", "sqlite:////dev/full"])
def test_a_device_is_refused(place):
    with pytest.raises(BadInput):
        Ledger.open(place)


def test_a_storage_of_the_version_before_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "trials.log").write_text('{"op_code":0}\n')
    for place in (tmp_path, tmp_path / "trials.log"):
        with pytest.raises(BadInput, match=r"version before .* name another") as error:
            Ledger.open(place)
        assert "\n" not in str(error.value)
    assert (tmp_path / "trials.log").read_text() == '{"op_code":0}\n'


def test_glances_take_a_small_part_of_the_time(tmp_path, monkeypatch):
    """The names of all records are read for a look, so it costs what the history is long."""
    now = [0.0]
    monkeypatch.setattr("keras_norms.lab.ledger.time.monotonic", lambda: now[0])
    ledger, other = Ledger.open(tmp_path), Ledger.open(tmp_path)
    names, looks = ledger._store.keys, []

    def slow():
        now[0] += 2.0
        looks.append(now[0])
        return names()

    monkeypatch.setattr(ledger._store, "keys", slow)
    other.put(Record("k", {}, 1))
    ledger.glance()
    assert "k" in ledger, "what is quick is seen at once"
    for _ in range(1000):
        now[0] += 0.1
        ledger.glance()
    assert 2 <= len(looks) <= 1 + 100 / (2.0 / 0.05)
    other.put(Record("late", {}, 1))
    ledger.glance()
    assert "late" not in ledger
    assert ledger.take("late", ["late"]) is None, "a claim sees what a glance has missed"
    assert "late" in ledger
