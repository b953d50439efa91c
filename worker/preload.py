"""What the fork server imports and does once, so that a new worker costs a fork and nothing else.

Importing this module has the effects; it is for the fork server alone. A small environment is made, reset and
stepped here because the first time through Gymnasium costs far more than every later one, and the pages it touches
are then shared. It must leave one thread behind, or forking is unsafe.
"""

import gc
import os
import signal

# A terminal sends Ctrl-C to every process in front of it; the gateway alone decides what that means.
signal.signal(signal.SIGINT, signal.SIG_IGN)

from worker.headless import draw_without_screen  # noqa: E402 - not before Ctrl-C is ignored
from worker.last_will import end_family_at_exit  # noqa: E402 - as above

end_family_at_exit()
draw_without_screen()
# A pool of BLAS threads would not survive the fork, and workers share the machine's cores anyway.
for _pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_pool, "1")

import gymnasium  # noqa: E402 - reads the variables set above, as do the next two

import worker.confinement  # noqa: E402 - as above
import worker.serve  # noqa: E402 - as above
import worker.session  # noqa: E402, F401 - preloaded for the workers

_env = gymnasium.make("CartPole-v1", disable_env_checker=True)
_env.reset(seed=0)
_env.step(_env.action_space.sample())
_env.close()
del _env
gc.collect()
gc.freeze()  # the collector of a child shall not touch, and so copy, the pages it shares with this process
