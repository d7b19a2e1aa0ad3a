"""Normalization layers for Keras 3, on TensorFlow, JAX and torch."""

from keras_norms import layers as layers
from keras_norms import normfree as normfree
from keras_norms import weights as weights
from keras_norms.schemes import Scheme as Scheme
from keras_norms.schemes import Unit as Unit
from keras_norms.schemes import get as get
from keras_norms.schemes import names as names
from keras_norms.schemes import serialize as serialize
from keras_norms.version import __version__ as __version__
from keras_norms.weights import initialize_from_data as initialize_from_data
