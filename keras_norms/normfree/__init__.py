"""What trains deep networks without activation normalizers, one paper a file."""

from keras_norms.normfree.agc import AdaptiveGradientClipping as AdaptiveGradientClipping
from keras_norms.normfree.agc import unit_axes as unit_axes
from keras_norms.normfree.branches import Branch as Branch
from keras_norms.normfree.branches import residual_branches as residual_branches
from keras_norms.normfree.fixup import ScalarBias as ScalarBias
from keras_norms.normfree.fixup import fixup as fixup
from keras_norms.normfree.scaled_relu import scaled_relu as scaled_relu
from keras_norms.normfree.skip_init import SkipInit as SkipInit
