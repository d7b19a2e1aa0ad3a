"""What goes on inside a model while it trains."""

from keras_norms.probes.curvature import Curvature as Curvature
from keras_norms.probes.monitor import NormMonitor as NormMonitor
from keras_norms.probes.signals import Signals as Signals
from keras_norms.probes.signals import signals as signals
