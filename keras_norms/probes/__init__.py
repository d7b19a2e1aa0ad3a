"""What goes on inside a model."""

from keras_norms.probes.curvature import Curvature as Curvature
