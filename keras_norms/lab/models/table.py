"""The models and their arguments, known without a framework; what builds them comes later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keras_norms.lab.specs import Argument, Kind, at_least_zero, flag, one_of, share, whole

# Keras's activations of one number.
ACTIVATIONS = (
    "relu", "leaky_relu", "relu6", "elu", "celu", "selu", "gelu", "silu", "swish", "mish",
    "softplus", "softsign", "squareplus", "sigmoid", "hard_sigmoid", "hard_silu", "hard_swish",
    "log_sigmoid", "tanh", "hard_tanh", "tanh_shrink", "exponential", "linear",
)  # fmt: skip
MODULES = 10  # of BN-Inception

Arguments = Mapping[str, Any]


def _usual(depth: int, width: int, **more: Argument) -> dict[str, Argument]:
    """What most models have."""
    return {
        "depth": whole(depth, least=1),
        "width": whole(width, least=1),
        "activation": one_of(*ACTIVATIONS),
        "dropout": share(0.0),
        **more,
    }


def _dense(layers: Callable[[Arguments], float]) -> Callable[[Arguments, int, int], float]:
    """The price of dense layers: half of a small one's is dispatch."""

    def cost(arguments: Arguments, pixels: int, batch: int) -> float:
        wide = batch / 64 * (arguments["width"] / 64) ** 2
        return layers(arguments) * (1 + wide) / 2

    return cost


def _convolutional(
    layers: Callable[[Arguments], float], over: float = 1.0
) -> Callable[[Arguments, int, int], float]:
    """The price of convolutions of `width / over` filters, measured at 8x8 and 32x32 pixels."""

    def cost(arguments: Arguments, pixels: int, batch: int) -> float:
        wide = batch / 64 * arguments["width"] / over / 8
        return layers(arguments) * (10 + 0.08 * pixels * wide)

    return cost


def _require_two_layers(arguments: Arguments) -> None:
    if arguments["depth"] < 2:
        raise ValueError("depth=1 leaves no convolution before the head: write 2 or more")


def require_residual_depth(arguments: Arguments) -> None:
    """Raises ValueError for a depth that is not 6 n + 2."""
    depth = arguments["depth"]
    if depth < 8 or depth % 6 != 2:
        raise ValueError(f"depth={depth} must be 6 n + 2: 8, 14, 20, 32, 56, 110, ...")


def _by_depth(arguments: Arguments) -> float:
    return arguments["depth"] + 2


MODELS: dict[str, Kind] = {
    "mlp": Kind(
        _usual(8, 64, deviation=at_least_zero(0.0)),
        "keras_norms.lab.models.mlp:mlp",
        cost=_dense(_by_depth),
    ),
    "plain": Kind(
        _usual(8, 16),
        "keras_norms.lab.models.plain:plain",
        check=_require_two_layers,
        cost=_convolutional(_by_depth),
    ),
    "resnet": Kind(
        _usual(20, 16),
        "keras_norms.lab.models.resnet:resnet",
        check=require_residual_depth,
        cost=_convolutional(_by_depth),
    ),
    "inception": Kind(
        _usual(3, 16),
        "keras_norms.lab.models.inception:inception",
        cost=_convolutional(lambda arguments: 3 * arguments["depth"] + 2),
    ),
    "bn_inception": Kind(
        {
            "width": whole(64, least=1),
            "activation": one_of(*ACTIVATIONS),
            "dropout": share(0.0),
            "channels": one_of("branches", "sums"),
            "local_response": flag(False),
        },
        "keras_norms.lab.models.bn_inception:bn_inception",
        cost=_convolutional(lambda arguments: 3 * MODULES + 3),
    ),
}
