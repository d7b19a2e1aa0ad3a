"""An Inception module with double 3x3 convolutions (Ioffe & Szegedy 2015, Figure 5)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from keras import layers

from keras_norms.lab.models.blocks import conv_unit
from keras_norms.schemes import Scheme

POOLS = {"average": layers.AveragePooling2D, "max": layers.MaxPooling2D}


@dataclass(frozen=True)
class Module:
    """Filters of a module's convolutions: a row of the table.

    Attributes:
        one: of the 1x1 branch; none where 0.
        three_reduce, three: 1x1, then 3x3.
        double_reduce, double: 1x1, then 3x3 twice.
        pool: "average" or "max".
        project: of the 1x1 after the pool; 0 passes the pool through, and then the module halves
            the image: the last convolution of each branch and the pool have stride 2.
    """

    one: int
    three_reduce: int
    three: int
    double_reduce: int
    double: int
    pool: str
    project: int

    @property
    def strides(self) -> int:
        return 1 if self.project else 2

    def times(self, factor: float) -> Module:
        """The module with all numbers of filters times `factor`; none of them becomes 0."""
        scaled = {
            field.name: scale(getattr(self, field.name), factor)
            for field in fields(self)
            if field.name != "pool"
        }
        return Module(**scaled, pool=self.pool)


def scale(filters: int, factor: float) -> int:
    """`filters` times `factor`, rounded, at least 1; 0 stays 0."""
    return max(1, round(filters * factor)) if filters else 0


def inception_module(scheme: Scheme, x: Any, module: Module, activation: str, name: str) -> Any:
    """The branches of `module` over `x`, side by side; each convolution is a unit.

    The output is the layer called `name`, of `one + three + double + project` channels; where the
    pool is passed through, the channels of `x` in the place of `project`.
    """

    def conv(x: Any, filters: int, size: int, strides: int = 1) -> Any:
        return conv_unit(scheme, x, filters, size, activation, strides=strides)

    strides = module.strides
    pooled = POOLS[module.pool](3, strides=strides, padding="same")(x)
    branches = [conv(x, module.one, 1)] if module.one else []
    branches.append(conv(conv(x, module.three_reduce, 1), module.three, 3, strides))
    double = conv(conv(x, module.double_reduce, 1), module.double, 3)
    branches.append(conv(double, module.double, 3, strides))
    branches.append(conv(pooled, module.project, 1) if module.project else pooled)
    return layers.Concatenate(name=name)(branches)
