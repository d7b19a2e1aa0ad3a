"""Many workers for one study: processes of this machine, or actors of a Ray cluster.

Every worker does the whole `Job`, just as a single process would, on the same storage: the leases
of `run_trials` and `run_searches` divide the runs. So workers need nothing from one another, a
worker that is lost costs what its run did since its last checkpoint, and a second launcher on the
same storage, here or elsewhere, is only more workers (checkpoints are files: another machine goes
on with them only where it shares the folder, and is alike). The process that was started trains
nothing: it shows the progress, frees the runs of lost workers, and writes the page.
"""

from keras_norms.lab.workers.job import Job as Job
from keras_norms.lab.workers.oversight import LAUNCHERS as LAUNCHERS
from keras_norms.lab.workers.oversight import WorkersLost as WorkersLost
from keras_norms.lab.workers.oversight import share as share
