"""Specs that no one means: taken or refused by one kind of error, at once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_norms
from keras_norms.schemes.registry import REGISTRY

# What some constructor takes and most do not.
values = st.one_of(
    st.sampled_from(["true", "none", "zeros", "l2", "nan", "inf", "-1", "0", "1e308", "9" * 400]),
    st.sampled_from(["()", "(1,2)", "((1))", "'a b'", "@os.system", "float16", "relu", "1.5"]),
)


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_any_arguments_are_taken_or_refused(data):
    """By one kind of error, whatever a constructor makes of them."""
    name = data.draw(st.sampled_from([*REGISTRY]))
    keys = data.draw(st.sets(st.sampled_from(REGISTRY[name].arguments), max_size=2))
    arguments = ",".join(f"{key}={data.draw(values)}" for key in sorted(keys))
    inner = "(layer)" if REGISTRY[name].around else ""
    spec = f"{name}{inner}:{arguments}" if arguments else name + inner
    try:
        scheme = keras_norms.get(spec)
    except ValueError:
        return
    assert str(keras_norms.get(str(scheme))) == str(scheme)


@pytest.mark.parametrize("spec", [
    "b" * 1_000_000,
    "batch:" + ",".join(f"a{i}=1" for i in range(100_000)),
    "batch:momentum=" + "-" * 100_000,
    "batch:momentum={[]:1}",
    "batch:[]",
    {"spec": ["batch"]},
    {"spec": {}},
    b"batch",
    ["batch"],
    float("nan"),
])  # fmt: skip
def test_what_no_one_means(spec):
    with pytest.raises(ValueError, match="spec") as error:
        keras_norms.get(spec)
    assert len(str(error.value)) < 1000
