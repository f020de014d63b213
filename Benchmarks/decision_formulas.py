"""The formulas of docs/calibrate-and-compare.md in numpy, for Benchmarks/calibration: temperature, thresholds, conformal sets."""

import numpy as np
from scipy import optimize, stats

BINS = 15


def softmax(logits, temperature=1.0):
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def log_loss(logits, truth, temperature=1.0):
    scaled = logits / temperature
    top = scaled.max(axis=1, keepdims=True)
    totals = np.log(np.exp(scaled - top).sum(axis=1)) + top[:, 0]
    return (totals - scaled[np.arange(len(truth)), truth]).mean()


def fit_temperature(logits, truth):
    """The temperature from 0.05 to 20 with the lowest log loss, which is convex in its inverse."""
    found = optimize.minimize_scalar(lambda inverse: log_loss(logits, truth, 1 / inverse), bounds=(1 / 20, 1 / 0.05), method="bounded",
                                     options={"xatol": 1e-10})
    return 1 / found.x


def calibration_error(scores, truth):
    """ECE of the highest probability, in 15 equally wide bins (a, b] (Guo et al. 2017)."""
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == truth
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    return sum(abs(right[place == b].sum() - confidence[place == b].sum()) for b in range(BINS)) / len(truth)


def wilson(hits, count, z=1.959963984540054):
    """The 95 % interval of a share."""
    share = hits / count
    half = z * np.sqrt(share * (1 - share) / count + z * z / 4 / count**2) / (1 + z * z / count)
    middle = (share + z * z / 2 / count) / (1 + z * z / count)
    return middle - half, middle + half


def precision_thresholds(scores, truth, target, by_lower_end):
    """The lowest threshold of each label whose precision, or its lower end, reaches the target; infinite for none."""
    found = np.full(scores.shape[1], np.inf)
    for label in range(scores.shape[1]):
        order = np.argsort(-scores[:, label], kind="stable")
        values = scores[order, label]
        hits, answers = np.cumsum(truth[order] == label), np.arange(1, len(order) + 1)
        # Equal scores are taken together.
        last = np.append(values[1:] != values[:-1], True)
        reached = wilson(hits, answers)[0] if by_lower_end else hits / answers
        good = last & (reached >= target) & (hits > 0)
        if good.any():
            found[label] = values[np.nonzero(good)[0][-1]]
    return found


def given_labels(scores, thresholds):
    """The label that exceeds its threshold by the highest factor; -1 for a rejected text."""
    with np.errstate(invalid="ignore"):
        ratio = np.where(scores >= thresholds, scores / thresholds, -1)
    return np.where(ratio.max(axis=1) >= 0, ratio.argmax(axis=1), -1)


def ordered(scores):
    """Labels by descending probability, the probabilities in this order, and their sums before each."""
    order = np.argsort(-scores, axis=1, kind="stable")
    values = np.take_along_axis(scores, order, axis=1)
    return order, values, np.cumsum(values, axis=1) - values


def conformal_limit(scores, truth, method, coverage, random):
    """The limit of a label's nonconformity."""
    rows = np.arange(len(truth))
    if method == "lac":
        nonconformity = 1 - scores[rows, truth]
    else:
        order, values, before = ordered(scores)
        place = (order == truth[:, None]).argmax(axis=1)
        nonconformity = before[rows, place] + values[rows, place] * (1 - random.random(len(truth)))
    rank = int(np.ceil((len(truth) + 1) * coverage - 1e-9))
    return np.sort(nonconformity)[rank - 1] if rank <= len(truth) else np.inf


def conformal_sets(scores, method, limit):
    """Whether each label is in each row's set."""
    if method == "lac":
        return 1 - scores <= limit
    order, _, before = ordered(scores)
    inside = (before < limit) | (np.arange(scores.shape[1]) == 0)
    sets = np.zeros_like(inside)
    np.put_along_axis(sets, order, inside, axis=1)
    return sets


def expected_coverage(fitted, measured, coverage, level=0.95):
    """The mean and the interval of the coverage on `measured` rows after a fit on `fitted` rows: a beta-binomial distribution."""
    rank = int(np.ceil((fitted + 1) * coverage - 1e-9))
    if rank > fitted:
        return 1.0, 1.0, 1.0
    law = stats.betabinom(measured, rank, fitted + 1 - rank)
    low, high = law.ppf((1 - level) / 2), law.ppf((1 + level) / 2)
    return law.mean() / measured, low / measured, high / measured
