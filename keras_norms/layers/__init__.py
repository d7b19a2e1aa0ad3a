"""Activation normalizers, one paper a file."""

from keras_norms.layers.batch import BatchNormalization as BatchNormalization
from keras_norms.layers.group import GroupNormalization as GroupNormalization
from keras_norms.layers.instance import InstanceNormalization as InstanceNormalization
from keras_norms.layers.layer import LayerNormalization as LayerNormalization
from keras_norms.layers.rms import RMSNormalization as RMSNormalization
