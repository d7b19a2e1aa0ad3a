"""The probes and their arguments, known without a framework."""

from __future__ import annotations

from keras_norms.lab.errors import BadInput
from keras_norms.lab.specs import Argument, Chosen, Kind, choose, several, whole

# When every one of them looks: after so many steps, 0 being the initialization; where empty, at
# each evaluation.
SHARED: dict[str, Argument] = {"at": several((), whole(0))}
PROBES: dict[str, Kind] = {
    "curvature": Kind(
        {"examples": whole(128, least=2)},
        "keras_norms.lab.training.curvature_probe:CurvatureProbe",
    ),
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
