"""Operations on finished models: look at normalizers, mend them, change them, fold them away."""

from keras_norms.anatomy.report import Report as Report
from keras_norms.surgery.audit import audit as audit
from keras_norms.surgery.callback import (
    RecalibrateBeforeValidation as RecalibrateBeforeValidation,
)
from keras_norms.surgery.convert import convert as convert
from keras_norms.surgery.fold import fold as fold
from keras_norms.surgery.freeze import freeze as freeze
from keras_norms.surgery.freeze import unfreeze as unfreeze
from keras_norms.surgery.rebuild import rebuild as rebuild
from keras_norms.surgery.recalibrate import recalibrate as recalibrate
