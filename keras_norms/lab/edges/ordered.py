"""The joint posterior of all edges in their order: lower <= useful <= alive <= blow-up.

    lower    below it runs are too slow to train within their steps
    useful   above it runs no longer end below half of ln classes
    alive    above it runs no longer train
    blow-up  above it runs blow up

The likelihood is a product of three parts (`blow_up.py`, and `window.py` twice: the window of the
rates that are alive, and within it that of the useful ones), which only the order and the scale of
the noise couple: runs that scatter around one edge scatter around all. So for each scale the sums
over all edges but those of one part are cumulative sums of matrices, and the posterior is exact on
the grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_norms.lab.edges.prior import Prior
from keras_norms.lab.edges.verdict_noise import SCALE_PRIOR


@dataclass(frozen=True)
class Ordered:
    """The posterior. The first axis of each array is the scale of the noise.

    Attributes:
        alive: of the lower and the alive edge, shape (scales, thresholds, thresholds).
        no_alive: that no rate is alive, shape (scales,).
        useful: of both edges of the useful window, likewise.
        no_useful: that no rate is useful.
        alive_blow_up: of the alive and the blow-up edge; row 0 is "no rate is alive".
        useful_alive: of the useful and the alive edge; row 0 is "no rate is useful".
        alive_prior, useful_prior: what the likelihoods of the windows are multiplied with.
    """

    alive: np.ndarray
    no_alive: np.ndarray
    useful: np.ndarray
    no_useful: np.ndarray
    alive_blow_up: np.ndarray
    useful_alive: np.ndarray
    alive_prior: np.ndarray
    useful_prior: np.ndarray


def ordered(
    prior: Prior,
    blow_up: np.ndarray,
    alive: np.ndarray,
    no_alive: float,
    useful: np.ndarray,
    no_useful: float,
) -> Ordered:
    """The posterior from the prior and the likelihood of each part, by scale."""
    # Useful windows given the alive one; none where it leaves no room.
    room = within(prior.useful)
    share = _over(1 - prior.no_useful, room)
    from_useful = share * within(prior.useful * useful)
    from_useful += np.where(room > 0, prior.no_useful, 1.0) * no_useful
    # Alive windows given the blow-up edge.
    edge, room = prior.blow_up * blow_up * SCALE_PRIOR[:, None], prior.alive.sum(0) @ prior.gap
    open_below = edge * _over(1 - prior.no_alive, room)
    nothing = edge * np.where(room > 0, prior.no_alive, 1.0) * no_alive * no_useful
    above = (open_below @ prior.gap.T)[:, None, :]
    windows = prior.alive * from_useful * alive
    alive_blow_up = windows.sum(1)[:, :, None] * open_below[:, None, :] * prior.gap
    alive_blow_up[:, 0] += nothing
    total = alive_blow_up.sum()
    # And back down to the useful ones.
    down = prior.alive * alive * above * share
    useful_prior = prior.useful * around(down)
    useful_alive = np.triu((prior.useful * useful).swapaxes(1, 2) @ down.cumsum(1))
    none_useful = (alive_blow_up.sum(2) - useful_alive.sum(1)).clip(0)
    useful_alive[:, 0] += none_useful
    return Ordered(
        alive=windows * above / total,
        no_alive=nothing.sum(1) / total,
        useful=useful_prior * useful / total,
        no_useful=none_useful.sum(1) / total,
        alive_blow_up=alive_blow_up / total,
        useful_alive=useful_alive / total,
        alive_prior=prior.alive * from_useful * above / total,
        useful_prior=useful_prior / total,
    )


def within(windows: np.ndarray) -> np.ndarray:
    """Sums over the windows within each one."""
    return windows[..., ::-1, :].cumsum(-2)[..., ::-1, :].cumsum(-1)


def around(windows: np.ndarray) -> np.ndarray:
    """Sums over the windows that each one lies within."""
    return windows.cumsum(-2)[..., ::-1].cumsum(-1)[..., ::-1]


def _over(share: float, room: np.ndarray) -> np.ndarray:
    return np.divide(share, room, out=np.zeros_like(room), where=room > 0)
