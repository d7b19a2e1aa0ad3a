"""Normalization layers for Keras 3, on TensorFlow, JAX and torch."""

from keras_norms import layers as layers
from keras_norms import normfree as normfree
from keras_norms import probes as probes
from keras_norms import surgery as surgery
from keras_norms import weights as weights
from keras_norms.probes import NormMonitor as NormMonitor
from keras_norms.schemes import Scheme as Scheme
from keras_norms.schemes import Unit as Unit
from keras_norms.schemes import get as get
from keras_norms.schemes import names as names
from keras_norms.schemes import serialize as serialize
from keras_norms.surgery import RecalibrateBeforeValidation as RecalibrateBeforeValidation
from keras_norms.surgery import audit as audit
from keras_norms.surgery import convert as convert
from keras_norms.surgery import fold as fold
from keras_norms.surgery import freeze as freeze
from keras_norms.surgery import recalibrate as recalibrate
from keras_norms.surgery import unfreeze as unfreeze
from keras_norms.version import __version__ as __version__
from keras_norms.weights import initialize_from_data as initialize_from_data
