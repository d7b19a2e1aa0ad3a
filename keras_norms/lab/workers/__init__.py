"""Many workers for one study: processes of this machine, or actors of a Ray cluster.

Every worker does the whole `Job`, just as a single process would, on the same storage: the leases
of `run_trials` and `run_searches` divide the runs. So workers need nothing from one another, a
worker that is lost costs the run that it had under way, and a second launcher on the same
storage, here or elsewhere, is only more workers. The process that was started trains nothing: it
shows the progress, frees the runs of lost workers, and writes the page.
"""

from keras_norms.lab.workers.job import Job as Job
from keras_norms.lab.workers.oversight import LAUNCHERS as LAUNCHERS
from keras_norms.lab.workers.oversight import WorkersLost as WorkersLost
from keras_norms.lab.workers.oversight import share as share
