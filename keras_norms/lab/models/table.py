"""The models and their arguments, known without a framework; what builds them comes later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keras_norms.lab.specs import (
    Argument,
    Kind,
    at_least_zero,
    flag,
    one_of,
    positive,
    share,
    whole,
)

# Keras's activations of one number.
ACTIVATIONS = (
    "relu", "leaky_relu", "relu6", "elu", "celu", "selu", "gelu", "silu", "swish", "mish",
    "softplus", "softsign", "squareplus", "sigmoid", "hard_sigmoid", "hard_silu", "hard_swish",
    "log_sigmoid", "tanh", "hard_tanh", "tanh_shrink", "exponential", "linear",
)  # fmt: skip
SCALED_RELU = "scaled_relu"  # ours, `normfree.scaled_relu`
MODULES = 10  # of BN-Inception

Arguments = Mapping[str, Any]


def _usual(depth: int, width: int, **more: Argument) -> dict[str, Argument]:
    """What most models have."""
    return {
        "depth": whole(depth, least=1),
        "width": whole(width, least=1),
        "activation": one_of(*ACTIVATIONS, SCALED_RELU),
        "dropout": share(0.0),
    } | more


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


def _require_wide_depth(arguments: Arguments) -> None:
    depth = arguments["depth"]
    if depth < 10 or depth % 6 != 4:
        raise ValueError(f"depth={depth} must be 6 n + 4: 10, 16, 22, 28, 40, ...")


def _require_depth(*depths: int) -> Callable[[Arguments], None]:
    def check(arguments: Arguments) -> None:
        if arguments["depth"] not in depths:
            raise ValueError(f"depth={arguments['depth']} must be one of {depths}")

    return check


def _require_resnet(arguments: Arguments) -> None:
    require_residual_depth(arguments)
    if arguments["shortcut"] not in (1, 3):
        raise ValueError(f"shortcut={arguments['shortcut']} must be 1 or 3")


def _transformer(arguments: Arguments, pixels: int, batch: int) -> float:
    """The price of a transformer: as of twelve square dense layers a position and block."""
    wide = batch / 64 * (arguments["width"] / 64) ** 2
    return 6 * arguments["depth"] * (1 + 12 * wide)


def _by_depth(arguments: Arguments) -> float:
    return arguments["depth"] + 2


_GELU = ("gelu", *(name for name in (*ACTIVATIONS, SCALED_RELU) if name != "gelu"))
TRANSFORMER: dict[str, Argument] = {
    "activation": one_of(*_GELU),
    "heads": whole(4, least=1),
    "norm": one_of("pre", "post", "peri", "scaled"),
    "qk_norm": flag(False),
}
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
        _usual(
            20,
            16,
            branch=one_of("plain", "skipinit"),
            shortcut=whole(1),
            normalize=one_of("all", "last"),
            activate=one_of("sum", "branch"),
        ),
        "keras_norms.lab.models.resnet:resnet",
        check=_require_resnet,
        cost=_convolutional(_by_depth),
    ),
    "preactivation_resnet": Kind(
        _usual(20, 16, branch=one_of("plain", "skipinit")),
        "keras_norms.lab.models.preactivation:preactivation_resnet",
        check=require_residual_depth,
        cost=_convolutional(_by_depth),
    ),
    "wide_resnet": Kind(
        _usual(16, 16, widen=whole(4, least=1), branch=one_of("plain", "skipinit")),
        "keras_norms.lab.models.preactivation:wide_resnet",
        check=_require_wide_depth,
        cost=_convolutional(lambda arguments: _by_depth(arguments) * arguments["widen"]),
    ),
    "normalizer_free": Kind(
        _usual(20, 16, alpha=positive(0.2)),
        "keras_norms.lab.models.normalizer_free:normalizer_free",
        check=require_residual_depth,
        cost=_convolutional(_by_depth),
    ),
    "vgg": Kind(
        _usual(11, 64),
        "keras_norms.lab.models.vgg:vgg",
        check=_require_depth(6, 8, 11, 13, 16, 19),
        cost=_convolutional(_by_depth, over=2),
    ),
    "cfg": Kind(
        _usual(10, 64),
        "keras_norms.lab.models.vgg:cfg",
        check=_require_depth(10, 20, 40),
        cost=_convolutional(_by_depth, over=2),
    ),
    "all_convolutional": Kind(
        {
            "width": whole(96, least=1),
            "activation": one_of(*ACTIVATIONS, SCALED_RELU),
            "dropout": share(0.0),
        },
        "keras_norms.lab.models.vgg:all_convolutional",
        cost=_convolutional(lambda arguments: 10),
    ),
    "deep_linear": Kind(
        {"depth": whole(25, least=1), "width": whole(64, least=1)},
        "keras_norms.lab.models.mlp:deep_linear",
        cost=_dense(_by_depth),
    ),
    "char_transformer": Kind(
        _usual(2, 64, **TRANSFORMER),
        "keras_norms.lab.models.transformer:char_transformer",
        cost=_transformer,
    ),
    "vit": Kind(
        _usual(4, 64, **TRANSFORMER, patch=whole(4, least=1)),
        "keras_norms.lab.models.transformer:vit",
        cost=_transformer,
    ),
    "inception": Kind(
        _usual(3, 16),
        "keras_norms.lab.models.inception:inception",
        cost=_convolutional(lambda arguments: 3 * arguments["depth"] + 2),
    ),
    "bn_inception": Kind(
        {
            "width": whole(64, least=1),
            "activation": one_of(*ACTIVATIONS, SCALED_RELU),
            "dropout": share(0.0),
            "channels": one_of("branches", "sums"),
            "local_response": flag(False),
        },
        "keras_norms.lab.models.bn_inception:bn_inception",
        cost=_convolutional(lambda arguments: 3 * MODULES + 3),
    ),
}
