"""The probes and their arguments, known without a framework."""

from __future__ import annotations

from keras_norms.lab.errors import BadInput
from keras_norms.lab.specs import (
    Argument,
    Chosen,
    Kind,
    at_least_zero,
    choose,
    one_of,
    positive,
    real,
    several,
    whole,
)

# When every one of them looks: after so many steps, 0 being the initialization; where empty, at
# each evaluation. The batch that it looks at is the one to come: at=0 is mini-batch 1 of a paper.
SHARED: dict[str, Argument] = {"at": several((), whole(0))}
_BUILDERS = "keras_norms.lab.training.probes:"
_ALONG = "keras_norms.lab.training.step_probes:"
_EXPONENT = real(0.0, lambda value: abs(value) < 30, "an exponent of 10 in (-30, 30)")
_LAYERS = several((), whole(1, least=1))  # counted from 1; all where empty
_OF = one_of("linear", "normalizers", "activations", "additions", "features")


def _with(argument: Argument, default: float) -> Argument:
    return Argument(default, argument.take, argument.instead)


PROBES: dict[str, Kind] = {
    "moments": Kind(
        {"of": _OF, "by": one_of("layer", "channel"), "layers": _LAYERS}, f"{_BUILDERS}Moments"
    ),
    "propagation": Kind(
        {"of": _OF, "side": one_of("output", "input"), "layers": _LAYERS},
        f"{_BUILDERS}Propagation",
    ),
    "gradients": Kind({"layers": _LAYERS, "bins": whole(61, least=2)}, f"{_BUILDERS}Gradients"),
    "ray": Kind(
        {
            "low": _with(_EXPONENT, -5.0),
            "high": _with(_EXPONENT, 1.5),
            "points": whole(27, least=2),
        },
        f"{_ALONG}RayProbe",
    ),
    "step": Kind(
        {"of": _OF, "layers": _LAYERS, "alpha": positive(1.0), "shares": whole(11, least=2)},
        f"{_ALONG}StepProbe",
    ),
    "smoothness": Kind(
        {
            "low": _with(at_least_zero(0.0), 0.5),
            "high": positive(4.0),
            "points": whole(8, least=2),
        },
        f"{_ALONG}Smoothness",
    ),
    "covariate_shift": Kind({"layers": _LAYERS}, f"{_ALONG}CovariateShift"),
    "curvature": Kind(
        {"examples": whole(256), "matrix": one_of("gauss_newton", "hessian")},
        "keras_norms.lab.training.curvature_probe:CurvatureProbe",
    ),
    "outputs": Kind({}, f"{_BUILDERS}Outputs"),
    "cancellation": Kind(
        {"layers": _LAYERS, "entries": whole(60, least=1)}, f"{_BUILDERS}Cancellation"
    ),
    "weights": Kind({}, f"{_BUILDERS}Weights"),
}


def choose_probe(text: str, steps: int) -> Chosen:
    """The probe of a spec; see `lab.specs.choose`.

    Args:
        text: the spec.
        steps: of the run.

    Raises:
        BadInput: a step beyond the run's.
    """
    found = choose("probes", text, PROBES, SHARED)
    beyond = [step for step in found.arguments["at"] if step > steps]
    if beyond:
        raise BadInput(f"Invalid probes={text!r}: at={beyond[0]} is beyond the run's steps={steps}")
    return found
