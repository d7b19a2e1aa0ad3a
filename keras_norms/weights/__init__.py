"""Weight normalizers: layers whose kernel is computed from the trained one, one paper a file."""

from keras_norms.layers.registration import discovered as _discovered
from keras_norms.weights.base import Reparameterization as Reparameterization
from keras_norms.weights.data_initialization import initialize_from_data as initialize_from_data
from keras_norms.weights.gains import activation_gain as activation_gain
from keras_norms.weights.scaled_standardization import (
    ScaledWeightStandardization as ScaledWeightStandardization,
)
from keras_norms.weights.spectral import SpectralNormalization as SpectralNormalization
from keras_norms.weights.standardization import WeightStandardization as WeightStandardization
from keras_norms.weights.weight_norm import WeightNormalization as WeightNormalization

# Also a normalizer that no line above names, for which this is all it takes to be public.
globals().update(_discovered(__name__, __path__))
