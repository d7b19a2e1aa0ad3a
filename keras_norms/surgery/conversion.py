"""What each normalizer of a model becomes, and what that does to its neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import keras

from keras_norms.anatomy.graph import Call, is_graph
from keras_norms.anatomy.linear import is_linear
from keras_norms.anatomy.selection import is_normalizer
from keras_norms.schemes import Scheme
from keras_norms.surgery.divisible_groups import Indivisible, refuse_indivisible
from keras_norms.surgery.erasure import Erased, refuse_erased
from keras_norms.surgery.linear_algebra import stripped
from keras_norms.surgery.replacement import (
    attach,
    following_activation,
    reparameterized,
    stand_in,
    with_bias,
)
from keras_norms.weights.base import Reparameterization

Row = tuple[str, str, str]


class Conversion:
    """Decides layer by layer; `replacement` then says what `rebuild` should put in.

    Raises:
        ValueError: the scheme wraps the linear layer in a normalizer of its outputs.
    """

    def __init__(
        self,
        found: list[list[Call]],
        scheme: Scheme,
        paths: dict[int, str],
        meant: Callable[[keras.layers.Layer], bool],
        closed: Callable[[keras.layers.Layer], str],
    ) -> None:
        self.closed = closed
        self.calls = [call for calls in found for call in calls]
        self.times = Counter(id(call.operation) for call in self.calls)
        self.scheme = scheme
        self.paths = paths
        self.meant = meant
        self.instead: dict[int, list[keras.layers.Layer]] = {}
        wrapped = scheme.wrap(probe := keras.layers.Dense(1, use_bias=False))
        self.wraps = wrapped is not probe
        if self.wraps and not isinstance(wrapped, Reparameterization):
            raise ValueError(
                f"Argument `to`={str(scheme)!r} is made together with its linear layer, so it "
                "cannot take the place of a normalizer. Convert to 'batch', or build the model "
                "with it."
            )

    def decide(self) -> Iterator[Row]:
        """A row for each normalizer that is meant.

        Raises:
            ValueError: groups that do not divide the channels of one or more layers, or leave
                nothing of them.
        """
        rows, indivisible, erased, seen = [], [], [], set()
        # Normalizers first: they take the reparameterized layers before them along.
        for takes in (self._normalizer, self._alone, self._inside):
            for call in self.calls:
                layer = call.operation
                if id(layer) in seen or is_graph(layer):
                    continue
                try:
                    found = list(takes(call))
                except Indivisible as error:
                    indivisible.append((self.paths[id(layer)], error))
                    continue
                except Erased:
                    erased.append(self.paths[id(layer)])
                    seen.add(id(layer))
                    continue
                rows += found
                if found:
                    seen.add(id(layer))
        refuse_indivisible(str(self.scheme), indivisible)
        refuse_erased(str(self.scheme), erased)
        return iter(rows)

    def replacement(self, layer: keras.layers.Layer) -> list[keras.layers.Layer] | None:
        return self.instead.get(id(layer))

    def _normalizer(self, call: Call) -> Iterator[Row]:
        layer = call.operation
        if not is_normalizer(layer) or not self.meant(layer):
            return
        path = self.paths[id(layer)]
        linear = stand_in(call)
        if isinstance(linear, str):
            yield path, "left", linear
            return
        shared = self.times[id(layer)] > 1
        before = self._before(call)
        activation = None if shared else following_activation(call, self.times)
        try:
            attached = attach(self.scheme, layer, linear, activation and activation.operation)
        except ValueError as error:  # of this layer or the activation, `to` was tried before
            yield path, "left", f"{self.scheme} is refused here: {error}"
            return
        if shared and (attached.absorbs or self.wraps):
            yield path, "left", f"it is shared, and {self.scheme} would change what is around it"
            return
        details = [attached.said]
        if attached.absorbs and activation is not None:
            self.instead[id(activation.operation)] = []
            details.append(f"absorbs {activation.name!r}")
        if before is not None:
            details += self._linear(before, layer, bare=not attached.layers)
        elif self.wraps:
            details.append("no linear layer of its own directly before it: weights as they were")
        self.instead[id(layer)] = attached.layers
        yield path, "converted", "; ".join(details)

    def _linear(self, linear: Any, normalizer: Any, bare: bool) -> Iterator[str]:
        """What the conversion does to the linear layer before, which may be left without norm."""
        new = stripped(linear)
        biased = with_bias(new, normalizer) if bare else None
        if biased is not None:
            yield f"beta is the bias of {linear.name!r} now"
        if isinstance(linear, Reparameterization):
            yield f"{linear.name!r} stripped of {type(linear).__name__}"
        new = biased or new
        if self.wraps:
            new = reparameterized(self.scheme, new)
            yield f"{linear.name!r} in {type(new).__name__}"
        if new is not linear:
            self.instead[id(linear)] = [new]

    def _alone(self, call: Call) -> Iterator[Row]:
        """A weight reparameterization that no normalizer follows: a unit of its own."""
        layer = call.operation
        if not isinstance(layer, Reparameterization) or not self.meant(layer):
            return
        path = self.paths[id(layer)]
        if id(layer) in self.instead:
            return
        after = call.only_after
        if after is not None and is_normalizer(after.operation):
            yield path, "left", f"{after.name!r} after it is converted without it, or not at all"
            return
        activation = None if self.times[id(layer)] > 1 else following_activation(call, self.times)
        attached = attach(self.scheme, layer, layer.layer, activation and activation.operation)
        if attached.absorbs and activation is not None:
            self.instead[id(activation.operation)] = []
        list(self._linear(layer, None, bare=False))
        self.instead[id(layer)] += attached.layers
        yield path, "converted", attached.said

    def _inside(self, call: Call) -> Iterator[Row]:
        layer = call.operation
        if not isinstance(layer, keras.layers.Layer) or is_normalizer(layer):
            return
        if isinstance(layer, Reparameterization):
            return
        for inner in layer._flatten_layers(include_self=False):
            if is_normalizer(inner) and self.meant(inner):
                yield self.paths[id(inner)], "left", f"it is {self.closed(layer)}"

    def _before(self, call: Call) -> Any:
        """The linear layer directly before, where nothing else uses it."""
        before = call.only_before
        if before is None or before.only_after is not call or not is_linear(before.operation):
            return None
        return before.operation if self.times[id(before.operation)] == 1 else None
