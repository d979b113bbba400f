# Writes reference.json: statistics of random tables with ties, by SciPy, scikit-learn and statsmodels.
#
#	pip install scipy==1.17.1 scikit-learn statsmodels && python reference.py > reference.json
import json

import numpy as np
from scipy import stats
from sklearn.metrics import ndcg_score
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(42)


def residual(y, *zs):
    """What a least-squares fit on zs and a constant leaves of y."""
    a = np.column_stack([np.ones(len(y)), *zs])
    return y - a @ np.linalg.lstsq(a, y, rcond=None)[0]


def ndcg(truth, score, k):
    """Of AceNAS's gain; scikit-learn takes the mean over orders of equal scores."""
    low, best = np.quantile(truth, 0.2), truth.max()
    gain = 2 ** (20 * np.clip((truth - low) / (best - low), 0, 1)) - 1
    return ndcg_score(gain[None], score[None], k=k)


tables = []
for n, scores, truths, scale in [
    (8, 3, 4, 1), (20, 5, 30, 1), (20, 40, 6, 1e160), (50, 12, 25, 1e-170), (60, 1000, 1000, 3e307),
    (200, 10, 60, 1), (200, 2, 50, 1e-3), (300, 400, 150, 1e12),
]:
    common = rng.normal(size=n)
    grid = lambda v, m: np.round((v - v.min()) / np.ptp(v) * (m - 1)) / (m - 1)  # m values in [0, 1]
    score = grid(common + rng.normal(size=n), scores) * scale
    truth = grid(common + 0.8 * rng.normal(size=n), truths)
    given = [grid(common + 2 * rng.normal(size=n), 7), grid(rng.normal(size=n), 9)]
    r_score, r_truth, *r_given = (stats.rankdata(v) for v in (score, truth, *given))
    k = [1, max(2, n // 10), n // 2, n]
    tables.append({
        "score": score.tolist(),
        "truth": truth.tolist(),
        "given": [z.tolist() for z in given],
        "kendall": stats.kendalltau(score, truth).statistic,
        "spearman": stats.spearmanr(score, truth).statistic,
        # r does not depend on the scale; SciPy overflows at some of these.
        "pearson": stats.pearsonr(score / scale, truth).statistic,
        "partial_spearman": [
            stats.pearsonr(residual(r_score, *z), residual(r_truth, *z)).statistic
            for z in ([r_given[0]], [r_given[1]], r_given)
        ],
        "k": k,
        "ndcg": [ndcg(truth, score, i) for i in k],
    })

p = np.concatenate([rng.uniform(size=12) ** 3, [0.01, 0.01, 1]])
print(json.dumps({
    "tables": tables,
    "p": p.tolist(),
    "holm": multipletests(p, method="holm")[1].tolist(),
    "benjamini_hochberg": stats.false_discovery_control(p).tolist(),
}))
