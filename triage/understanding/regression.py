"""Linear heads fitted on vectors: logistic regression in numpy, in seconds.

Both fits standardise the vectors, work there, and fold the scale back into the weights. Given a head to start from,
they are held close to it by the penalty: a few corrections bend a model, they do not replace it.
"""

import numpy as np

from triage.understanding.heads import softmax
from triage.understanding.network import Floats

STEPS_BINARY, STEPS_REASONS = 25, 300


def fit_binary(
    rows: Floats, truth: Floats, weights: Floats, *, penalty: float, start: tuple[Floats, float] | None = None
) -> tuple[Floats, float]:
    """Weights and bias of a logistic regression by Newton's method; `truth` is 0 to 1."""
    scaled, mean, scale = _standardise(rows)
    design = np.hstack([scaled, np.ones((len(rows), 1))])
    anchor = np.zeros(design.shape[1])
    if start is not None:
        anchor = np.append(start[0] * scale, start[1] + mean @ start[0])
    ridge = np.full(design.shape[1], penalty * weights.sum())
    ridge[-1] = 1e-6 * weights.sum()
    found = anchor.copy()
    for _ in range(STEPS_BINARY):
        guess = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (weights * (guess - truth)) + ridge * (found - anchor)
        curve = (design * (weights * guess * (1 - guess))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        found -= step * min(1.0, 4 / (np.abs(step).max() + 1e-12))
        if np.abs(step).max() < 1e-6:
            break
    weight = found[:-1] / scale
    return np.asarray(weight, np.float32), float(found[-1] - mean @ weight)


def fit_reasons(
    rows: Floats, truth: Floats, weights: Floats, *, penalty: float, start: tuple[Floats, Floats] | None = None
) -> tuple[Floats, Floats]:
    """Weights (reasons × numbers) and biases of a softmax regression; each row of `truth` sums to one."""
    scaled, mean, scale = _standardise(rows)
    design = np.hstack([scaled, np.ones((len(rows), 1))])
    anchor = np.zeros((design.shape[1], truth.shape[1]))
    if start is not None:
        anchor = np.vstack([start[0].T * scale[:, None], start[1] + start[0] @ mean])
    ridge = np.full((design.shape[1], 1), penalty)
    ridge[-1] = 1e-6
    share = (weights / weights.sum())[:, None]
    # A step under the reciprocal of the largest curvature never overshoots.
    length = 1 / (0.5 * np.linalg.norm(design * np.sqrt(share), 2) ** 2 + penalty)
    found, ahead = anchor.copy(), anchor.copy()
    for number in range(STEPS_REASONS):
        slope = design.T @ (share * (softmax(design @ ahead) - truth)) + ridge * (ahead - anchor)
        following = ahead - length * slope
        ahead = following + number / (number + 3) * (following - found)
        found = following
    weight = (found[:-1] / scale[:, None]).T
    return np.asarray(weight, np.float32), np.asarray(found[-1] - weight @ mean, np.float32)


def _standardise(rows: Floats) -> tuple[Floats, Floats, Floats]:
    mean, scale = rows.mean(0), rows.std(0) + 1e-6
    return (rows - mean) / scale, mean, scale
