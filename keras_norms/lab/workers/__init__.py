"""Many workers for one ledger: processes of this machine, or actors of a Ray cluster.

Every worker walks the whole plan, just as a single process would, on the same storage: the leases
of the ledger divide the jobs. So workers need nothing from one another, a worker that is lost costs
what its job did since its last checkpoint, and a second launcher on the same storage, here or
elsewhere, is only more workers (checkpoints are files: another machine resumes from them only where
it shares the folder, and is alike). The process that was started does no job: it shows the
progress, frees the jobs of lost workers, and writes the page.
"""

from keras_norms.lab.workers.supervisor import LAUNCHERS as LAUNCHERS
from keras_norms.lab.workers.supervisor import WorkersLost as WorkersLost
from keras_norms.lab.workers.supervisor import share as share
from keras_norms.lab.workers.task import Task as Task
