"""Tensors in, tensors out: the arithmetic that every normalizer of the library shares."""

from keras_norms.kernels.bounds import at_least as at_least
from keras_norms.kernels.groups import Groups as Groups
from keras_norms.kernels.length import scaled_squares as scaled_squares
from keras_norms.kernels.moments import moments as moments
from keras_norms.kernels.native import native as native
from keras_norms.kernels.standardize import affine as affine
from keras_norms.kernels.standardize import normalize as normalize
from keras_norms.kernels.standardize import standardize as standardize
from keras_norms.kernels.statistics import Moments as Moments
from keras_norms.kernels.statistics import pooled as pooled
from keras_norms.kernels.synchronize import gathered as gathered
from keras_norms.kernels.synchronize import joined as joined
from keras_norms.kernels.synchronize import summed as summed
