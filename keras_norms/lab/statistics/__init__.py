"""What a number of seeds allows to say: exact intervals, and verdicts that state their coverage."""

from keras_norms.lab.statistics.finding import Finding as Finding
from keras_norms.lab.statistics.finding import Judgement as Judgement
from keras_norms.lab.statistics.finding import judge as judge
from keras_norms.lab.statistics.finding import judge_exact as judge_exact
from keras_norms.lab.statistics.finding import judge_share as judge_share
from keras_norms.lab.statistics.images import image_interval as image_interval
from keras_norms.lab.statistics.interval import CONFIDENCE as CONFIDENCE
from keras_norms.lab.statistics.interval import Interval as Interval
from keras_norms.lab.statistics.median import median as median
from keras_norms.lab.statistics.median import median_interval as median_interval
from keras_norms.lab.statistics.power import power as power
from keras_norms.lab.statistics.power import seeds_to_decide as seeds_to_decide
from keras_norms.lab.statistics.power import share_seeds_to_decide as share_seeds_to_decide
from keras_norms.lab.statistics.share import share_interval as share_interval
from keras_norms.lab.statistics.tolerance import Tolerance as Tolerance
