"""Activation normalizers, one paper a file."""

from keras_norms.layers.adaptive import AdaptiveNormalization as AdaptiveNormalization
from keras_norms.layers.batch import BatchNormalization as BatchNormalization
from keras_norms.layers.batch_group import BatchGroupNormalization as BatchGroupNormalization
from keras_norms.layers.cross_iteration import (
    CrossIterationBatchNormalization as CrossIterationBatchNormalization,
)
from keras_norms.layers.dynamic_erf import DynamicErf as DynamicErf
from keras_norms.layers.dynamic_tanh import DynamicTanh as DynamicTanh
from keras_norms.layers.evonorm_b import EvoNormB0 as EvoNormB0
from keras_norms.layers.evonorm_b import EvoNormB1 as EvoNormB1
from keras_norms.layers.evonorm_b import EvoNormB2 as EvoNormB2
from keras_norms.layers.evonorm_s import EvoNormS0 as EvoNormS0
from keras_norms.layers.evonorm_s import EvoNormS0a as EvoNormS0a
from keras_norms.layers.evonorm_s import EvoNormS1 as EvoNormS1
from keras_norms.layers.evonorm_s import EvoNormS1a as EvoNormS1a
from keras_norms.layers.filter_response import (
    FilterResponseNormalization as FilterResponseNormalization,
)
from keras_norms.layers.filter_response import ThresholdedLinearUnit as ThresholdedLinearUnit
from keras_norms.layers.ghost import GhostBatchNormalization as GhostBatchNormalization
from keras_norms.layers.global_response import (
    GlobalResponseNormalization as GlobalResponseNormalization,
)
from keras_norms.layers.group import GroupNormalization as GroupNormalization
from keras_norms.layers.instance import InstanceNormalization as InstanceNormalization
from keras_norms.layers.instance_enhancement import (
    InstanceEnhancementBatchNormalization as InstanceEnhancementBatchNormalization,
)
from keras_norms.layers.layer import LayerNormalization as LayerNormalization
from keras_norms.layers.lp import LpNormalization as LpNormalization
from keras_norms.layers.mean_only import MeanOnlyBatchNormalization as MeanOnlyBatchNormalization
from keras_norms.layers.poly import PolyNormalization as PolyNormalization
from keras_norms.layers.proxy import ProxyNormalization as ProxyNormalization
from keras_norms.layers.registration import discovered as _discovered
from keras_norms.layers.renorm import BatchRenormalization as BatchRenormalization
from keras_norms.layers.rms import RMSNormalization as RMSNormalization
from keras_norms.layers.simple import SimpleNormalization as SimpleNormalization
from keras_norms.layers.switchable import SwitchableNormalization as SwitchableNormalization
from keras_norms.layers.unit import UnitNormalization as UnitNormalization
from keras_norms.layers.variance import VarianceNormalization as VarianceNormalization

# Also a normalizer that no line above names, for which this is all it takes to be public.
globals().update(_discovered(__name__, __path__))
