"""Constructor arguments, checked where they are given."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

from keras import initializers


def checked_axis(axis: int | Sequence[int]) -> int | list[int]:
    """`axis` as an int or a list of distinct ints."""
    several = isinstance(axis, (list, tuple))
    values: list[Any] = list(axis) if several else [axis]
    if not all(isinstance(v, numbers.Integral) and not isinstance(v, bool) for v in values):
        raise TypeError(
            "Invalid value for `axis` argument: expected an int or a list/tuple of ints. "
            "Expected an int or a list/tuple of ints for the argument 'axis', but "
            f"received: axis={axis!r}"
        )
    if not values or len(set(values)) < len(values):
        raise ValueError(
            f"Argument `axis` must be an int or a list of distinct ints. Received: axis={axis!r}"
        )
    return [int(v) for v in values] if several else int(values[0])


def positive_axes(axis: int | Sequence[int], shape: Sequence[int | None]) -> tuple[int, ...]:
    """`axis` as sorted non-negative axes of inputs of the given shape."""
    # Not the other way round: sizes have many types, those of exported programs among them.
    if any(isinstance(size, (str, bytes, list, tuple, dict)) for size in shape):
        raise ValueError(
            f"Argument `inputs` must be one tensor. Received tensors of shapes {shape}: call a "
            "layer of its own on each, or concatenate them first."
        )
    rank = len(shape)
    values = list(axis) if isinstance(axis, Sequence) else [axis]
    if any(not -rank <= v < rank for v in values):
        raise ValueError(
            f"Argument `axis`={axis!r} is out of range for inputs of shape {tuple(shape)}: "
            f"allowed are {-rank} to {rank - 1}."
        )
    positive = sorted({v % rank for v in values})
    if len(positive) < len(values):
        raise ValueError(
            f"Argument `axis`={axis!r} names an axis of inputs of shape {tuple(shape)} twice."
        )
    return tuple(positive)


def refuse_batch_axis(axis: int | Sequence[int], shape: Sequence[int | None]) -> None:
    """For normalizers that treat each example alone."""
    if 0 in positive_axes(axis, shape):
        raise ValueError(
            f"Argument `axis`={axis!r} names the batch axis of inputs of shape {tuple(shape)}: "
            "each example is normalized alone, over its channels. Choose another axis."
        )


def refuse_unsharable_axis(axis: int | Sequence[int], shape: Sequence[int | None]) -> None:
    """For statistics that the replicas of a distribution share."""
    if 0 in positive_axes(axis, shape):
        raise ValueError(
            f"Argument `synchronized`=True does not go with `axis`={axis!r}, which names the batch "
            f"axis of inputs of shape {tuple(shape)}: replicas have different examples, so there "
            "is no statistic that they share. Choose another axis, or synchronized=False."
        )


def checked_epsilon(epsilon: float) -> float:
    if not isinstance(epsilon, numbers.Real) or not 0 <= epsilon < float("inf"):
        raise ValueError(
            "Argument `epsilon` must be a finite number of at least 0, since it is added to a "
            f"variance. Received: epsilon={epsilon!r}"
        )
    return float(epsilon)


def checked_groups(groups: int) -> int:
    if (
        not isinstance(groups, numbers.Integral)
        or isinstance(groups, bool)
        or (groups < 1 and groups != -1)
    ):
        raise ValueError(
            "Invalid value for the argument `groups`: it must be a positive int, or -1 for one "
            f"channel a group. Received: groups={groups!r}"
        )
    return int(groups)


def checked_group_size(group_size: int | None) -> int | None:
    return None if group_size is None else checked_count("group_size", group_size)


def groups_of(channels: int, groups: int, group_size: int | None = None) -> int:
    """The number of groups that `groups`, or `group_size` instead, means for so many channels."""
    if group_size is not None:
        if channels % group_size:
            divisors = [d for d in range(1, channels + 1) if channels % d == 0]
            raise ValueError(
                f"Argument `group_size`={group_size} does not divide the {channels} channels of "
                f"the inputs. Allowed are {divisors}."
            )
        return channels // group_size
    if groups == -1:
        return channels
    if channels % groups:
        divisors = [d for d in range(1, channels + 1) if channels % d == 0]
        # In Keras's words, for those who look for them.
        why = (
            "the number of groups cannot be more than the number of channels"
            if groups > channels
            else "in Keras's words, it must be a multiple of the number of channels"
        )
        raise ValueError(
            f"Argument `groups`={groups} does not divide the {channels} channels of the inputs: "
            f"{why}. Allowed are {divisors} or -1 for one channel a group."
        )
    return groups


def one_axis(axis: int) -> int:
    """`axis` where a list of several would mean nothing."""
    if isinstance(axis, (list, tuple)):
        raise ValueError(
            "Argument `axis` must be one int: groups are made along one axis. "
            f"Received: axis={axis!r}"
        )
    return axis


def checked_count(name: str, value: int, least: int = 1) -> int:
    """For the argument `name`, a number of things."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < least:
        raise ValueError(
            f"Argument `{name}` must be an int of at least {least}. Received: {name}={value!r}"
        )
    return int(value)


def checked_bound(name: str, value: float, least: float) -> float:
    """For the argument `name`, a finite bound."""
    if not isinstance(value, numbers.Real) or not least <= value < float("inf"):
        raise ValueError(
            f"Argument `{name}` must be a finite number of at least {least}. "
            f"Received: {name}={value!r}"
        )
    return float(value)


def constant_or_initializer(given: Any) -> Any:
    """The initializer that is meant; a number is the constant that it stands for."""
    number = isinstance(given, (int, float))
    return initializers.Constant(given) if number else initializers.get(given)
