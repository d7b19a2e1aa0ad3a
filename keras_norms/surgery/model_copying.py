"""An untouched copy of a model, layer by layer."""

from __future__ import annotations

from typing import Any

import keras

from keras_norms.anatomy.graph import calls_of, kept_by_config, made_by_class
from keras_norms.anatomy.normalizers import paths
from keras_norms.surgery.calling import Making
from keras_norms.surgery.copying import NoCopy, copied
from keras_norms.surgery.state import copied_state


class Copying(Making):
    """Every layer made again, then given its state."""

    def __init__(self, whole: keras.Model) -> None:
        super().__init__()
        self.whole = whole
        self.kept: list[tuple[Any, Any]] = []
        self.twins: dict[int, Any] | None = None

    def model(self, old: keras.Model) -> keras.Model:
        if kept_by_config(old):
            self.kept.append((old, new := copied(old)))
        elif (new := self._of_its_class(old)) is None:
            new = super().model(old)
        if old is self.whole:
            for before, after in self.kept:
                copied_state(before, after)
        return new

    def _of_its_class(self, old: keras.Model) -> keras.Model | None:
        """A copy by the config of a class that makes its graph itself, where that is the same."""
        if not made_by_class(old):
            return None
        try:
            new = copied(old)
        except NoCopy:
            return None
        if new is old or _structure(new) != _structure(old):
            return None
        self.kept.append((old, new))
        return new

    def layers(self, old: Any) -> list[Any]:
        try:
            new = copied(old)
        except NoCopy as error:
            new = self._twin(old, error)
        self.kept.append((old, new))
        return [new]

    def _twin(self, old: Any, error: NoCopy) -> Any:
        """The layer in a copy of the whole model by the model's own config.

        Raises:
            NoCopy: there is none.
        """
        if self.twins is None:
            self.twins = {}
            try:
                whole = copied(self.whole)
            except NoCopy:
                raise error from error.__cause__
            for (path, before), (same, after) in zip(paths(self.whole), paths(whole), strict=False):
                if path == same and type(before) is type(after):
                    self.twins[id(before)] = after
            for _, layer in paths(whole):
                layer._inbound_nodes.clear()
                layer._outbound_nodes.clear()
        if id(old) not in self.twins:
            raise error
        return self.twins[id(old)]


def _structure(model: keras.Model) -> list[Any]:
    """What two models of one graph have in common: their calls in order, and their variables."""
    # Not names, which Keras may have numbered.
    calls = [(type(call.operation), len(call.before)) for call in calls_of(model)]
    return [*calls, *(tuple(variable.shape) for variable in model.variables)]
