"""The grammar of specs: what is read, what is written, and that both agree for any input."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_norms.schemes.binding import bind
from keras_norms.schemes.spec import LONGEST, POSITIONAL, Spec, Term, parse, parse_term

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent.parent
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

names = st.builds(
    lambda at, first, rest: at + first + rest,
    st.sampled_from(["", "@"]),
    st.sampled_from(LETTERS),
    st.text(LETTERS + "0123456789./-", max_size=8),
)
keys = st.builds(str.__add__, st.sampled_from(LETTERS), st.text(LETTERS + "0123456789", max_size=6))
TRICKY = [
    "",
    "true",
    "None",
    "inf",
    "-inf",
    "nan",
    "1",
    "1e5",
    ".5",
    "a b",
    "it's",
    "\\'",
    "a=1",
    "@x",
]
plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
    st.sampled_from(TRICKY),
)  # fmt: skip
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=5)
arguments = st.dictionaries(st.one_of(st.just(POSITIONAL), keys), values, max_size=3)
terms = st.deferred(lambda: st.builds(Term, names, arguments, st.none() | specs))
specs = st.lists(terms, min_size=1, max_size=3).map(Spec)


@settings(max_examples=400, deadline=None)
@given(specs)
def test_what_is_written_is_read_back(spec):
    text = str(spec)
    if len(text) > LONGEST:
        return
    read = parse(text)
    assert read == spec
    assert str(read) == text
    assert hash(read) == hash(spec)


@settings(max_examples=1000, deadline=None)
@given(st.text(max_size=40) | st.text("ab@.:=,+()[]'\"\\ 01-e_", max_size=40))
def test_any_text_is_read_or_refused(text):
    """And what is read has one canonical text."""
    try:
        spec = parse(text)
    except ValueError:
        return
    assert parse(str(spec)) == spec


@pytest.mark.parametrize(("text", "term"), [
    ("batch", Term("batch")),
    ("group:8", Term("group", {POSITIONAL: 8})),
    (" ray : at = ( 1 , 4 , 7 ) , steps = 3 ", Term("ray", {"at": (1, 4, 7), "steps": 3})),
    ("ray:at=[1,4,7]", Term("ray", {"at": (1, 4, 7)})),
    ("ray:at=(1,)", Term("ray", {"at": (1,)})),
    ("ray:at=()", Term("ray", {"at": ()})),
    ("ray:((1,2),(3))", Term("ray", {POSITIONAL: ((1, 2), (3,))})),
    ("@my.module.build:depth=3", Term("@my.module.build", {"depth": 3})),
    ("a:b=True,c=NONE,d=false", Term("a", {"b": True, "c": None, "d": False})),
    ("a:b=1e-3,c=-2,d=+.5,e=1.,f=-inf",
     Term("a", {"b": 0.001, "c": -2, "d": 0.5, "e": 1.0, "f": -math.inf})),
    ("a:b=relu,c='true',d=\"it's\",e=''",
     Term("a", {"b": "relu", "c": "true", "d": "it's", "e": ""})),
    ("files:path=/data/x-1.npz", Term("files", {"path": "/data/x-1.npz"})),
    ("proxy(group:8):epsilon=0.1",
     Term("proxy", {"epsilon": 0.1}, Spec([Term("group", {POSITIONAL: 8})]))),
    ("tenth(binary(mnist))", Term("tenth", {}, Spec([Term("binary", {}, Spec([Term("mnist")]))]))),
])  # fmt: skip
def test_what_is_read(text, term):
    assert parse_term(text) == term
    assert parse(text) == (term,)


@pytest.mark.parametrize(("text", "canonical"), [
    ("sgd:momentum=.90,lr=1e-3", "sgd:lr=0.001,momentum=0.9"),
    ("b : 8 , a=[1, 2.0]", "b:8,a=(1,2.0)"),
    ("ws + group : 8", "ws+group:8"),
    ("a:b=1e22,c=100000000000000000000", "a:b=1e+22,c=100000000000000000000"),
])  # fmt: skip
def test_the_canonical_text(text, canonical):
    assert str(parse(text)) == canonical


def test_terms_are_told_apart_by_their_texts():
    """1, 1.0 and true are equal in Python and three arguments in a spec."""
    assert len({Term("a", {"b": value}) for value in (1, 1.0, True)}) == 3
    assert Term("a", {"b": np.float32(0.5), "c": np.int64(3), "d": [1]}) == Term(
        "a", {"d": (1,), "c": 3, "b": 0.5}
    )


@pytest.mark.parametrize(("text", "words"), [
    ("", ["its end"]),
    ("8", ["'8'", "character 1", "no name"]),
    ("a:", ["its end", "no value"]),
    ("a:b=", ["no value"]),
    ("a:b=1,", ["key=value"]),
    ("a:1,2", ["'2'", "key=value"]),
    ("a:b=1,b=2", ["'b' twice"]),
    ("a:b=1e400", ["1e400"]),
    ("a:b=1_000", ["'1_000'"]),
    ("a:b=(1", ["')'"]),
    ("a:b=(1 2)", ["'2)'", "','"]),
    ("a(b", ["parenthesis", "'a'"]),
    ("a)", ["parenthesis", "not open"]),
    ("a b", ["'b'", "out of place"]),
    ("a++b", ["'+b'"]),
    ("a:b={[]:1}", ["'{[]:1}'", "no value"]),
    ("a:b='c", ["no value"]),
    ("ä", ["no name"]),
    ("a:b=٣", ["no value"]),
    ("(" * 100, ["no name"]),
    ("a(" * 400, ["20 parentheses"]),
    ("a:b=" + "(" * 400, ["20 parentheses"]),
    ("a" * 1_000_000, ["1000000 characters", "1000"]),
    ("a:" + ",".join(f"k{i}=1" for i in range(100_000)), ["characters"]),
    ("a:b=" + "-" * 100_000, ["characters"]),
    ("a:b=" + "-" * 900, ["no value"]),
    (None, ["NoneType"]),
    (b"a", ["bytes"]),
])  # fmt: skip
def test_what_is_no_spec(text, words):
    """One kind of error, that quotes at most a line of the text."""
    with pytest.raises(ValueError, match="Argument `model`") as error:
        parse(text, "model")
    assert all(word in str(error.value) for word in words), str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("make", [
    lambda: Term("a b"),
    lambda: Term(""),
    lambda: Term("a", {"b c": 1}),
    lambda: Term("a", {"b": math.nan}),
    lambda: Term("a", {"b": {1: 2}}),
    lambda: Term("a", {"b": object()}),
])  # fmt: skip
def test_what_no_spec_can_say(make):
    with pytest.raises(ValueError):
        make()


def test_one_term_where_several_are_given():
    with pytest.raises(ValueError, match=r"`model`='a\+b'"):
        parse_term("a+b", "model")


def test_binding_names_the_value_without_a_key():
    assert bind(parse_term("a:8,c=1"), ["b", "c"]) == parse_term("a:b=8,c=1")
    for text, words in (("a:8,b=1", "'b' is given"), ("a:8,d=1", "'d'"), ("a:cc=1", "'c'")):
        with pytest.raises(ValueError, match="`model`.*" + words):
            bind(parse_term(text), ["b", "c"], "model")
    with pytest.raises(ValueError, match="no arguments"):
        bind(parse_term("a:8"), [])


def test_the_grammar_needs_no_framework():
    program = """
import sys
import keras_norms, keras_norms.lab
from keras_norms.schemes import spec, binding
assert str(spec.parse("resnet:depth=20")) == "resnet:depth=20"
found = {"keras", "numpy", "tensorflow", "jax", "torch", "optuna"} & set(sys.modules)
assert not found, found
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
