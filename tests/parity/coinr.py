"""COINr 1.1.14 on the ASEM index (51 countries, 49 indicators): every step, and its uncertainty and sensitivity
analyses replayed from the parameters that it drew."""

from functools import cache

import numpy as np
import polars as pl

from pipelines.metrics.composite import aggregation, treatment, uncertainty, weights
from tests.parity.registry import case, column, matrix, not_covered, table

FOLDER = "coinr"
LIMITS = (2.0, 3.5)
POINTS = 5
MEANS = {"a_amean": 1.0, "a_gmean": 0.0}


@cache
def meta():
    """Indicators (code, direction, parent, denominator) and, for each level, its nodes and their parents' places."""
    nodes = table(FOLDER, "in_iMeta.csv").filter(pl.col("Level").is_not_null())
    levels = [nodes.filter(pl.col("Level") == level) for level in (1, 2, 3, 4)]
    parents = [
        np.array([upper["iCode"].to_list().index(name) for name in lower["Parent"]])
        for lower, upper in zip(levels, levels[1:], strict=False)
    ]
    return levels, parents


def codes(level=1):
    return meta()[0][level - 1]["iCode"].to_list()


def direction():
    return meta()[0][0]["Direction"].cast(pl.Float64).to_numpy()


def by_unit(file, names):
    """Columns of a file, units in the order of their codes, gaps NaN."""
    order = [name for name in ("Time", "uCode") if name in table(FOLDER, file).columns]
    rows = table(FOLDER, file).sort(order).select(pl.col(names).cast(pl.Float64))
    return rows.fill_null(float("nan")).to_numpy()


def indicators(file):
    return by_unit(file, codes())


def aggregates(file):
    return by_unit(file, codes(2) + codes(3) + codes(4))


def level_weights(frame):
    """Weights of the levels below the top from a frame of iCode and Weight."""
    known = dict(frame.select("iCode", "Weight").iter_rows())
    return [np.array([known[name] for name in codes(level)], dtype=float) for level in (1, 2, 3)]


def all_levels(scores, by_level, power):
    return np.concatenate(aggregation.hierarchy(scores, by_level, meta()[1], power), axis=-1)


def by_column(function, x):
    return np.column_stack([function(one) for one in x.T])


def directed():
    return indicators("step_5_Treated.csv") * direction()


NORMALISED = {
    "minmax_0_100": lambda x: 100 * treatment.minmax(x),
    "minmax_1_100": lambda x: 1 + 99 * treatment.minmax(x),
    "zscore": treatment.zscore,
    "rank_min": treatment.rank,
    "rank_average": lambda x: treatment.rank(x, ties="average"),
    "prank_min": lambda x: treatment.percentile_rank(x, ties="min"),
    "borda_min": treatment.borda,
    "scaled_m100_100": lambda x: 100 * treatment.goalposts(x, -100, 100),
    "dist2max": treatment.minmax,
    "dist2ref_row5": lambda x: treatment.goalposts(x, x.min(), x[4]),
}


def _normalisation(name, function):
    @case("normalisation", FOLDER, f"out_norm_{name}.csv")
    def _norm():
        return by_column(function, directed()), indicators(f"out_norm_{name}.csv")


for _name, _function in NORMALISED.items():
    _normalisation(_name, _function)


@case("fraction_of_max of more-is-better", FOLDER, "out_norm_fracmax.csv")
def _fraction():
    up = direction() > 0
    ours = by_column(treatment.fraction_of_max, directed()[:, up])
    return ours, indicators("out_norm_fracmax.csv")[:, up]


@case(
    "fraction_of_max of less-is-better",
    FOLDER,
    "out_norm_fracmax.csv",
    "divides negated figures by their negated minimum, so that the best is 1 and the worst the largest, or inf",
)
def _fraction_turned():
    down = direction() < 0
    ours = by_column(treatment.fraction_of_max, directed()[:, down])
    return ours, indicators("out_norm_fracmax.csv")[:, down], np.full(ours.shape, np.nan)


@case("minmax", FOLDER, "step_6_Normalised.csv")
def _step_normalised():
    return by_column(lambda x: 100 * treatment.minmax(x), directed()), indicators("step_6_Normalised.csv")


@case("denominated", FOLDER, "step_2_Denominated.csv")
def _denominated():
    raw = table(FOLDER, "in_iData.csv").sort("uCode")
    by = meta()[0][0]["Denominator"].to_list()
    ours = [
        (raw[name].cast(pl.Float64) / raw[other].cast(pl.Float64) if other else raw[name].cast(pl.Float64))
        for name, other in zip(codes(), by, strict=True)
    ]
    filled = [one.fill_null(float("nan")).to_numpy() for one in ours]
    return np.column_stack(filled), indicators("step_2_Denominated.csv")


def _imputation(file, how, grouped):
    @case(f"impute {how}", FOLDER, file)
    def _impute():
        groups = table(FOLDER, "in_groups.csv").sort("uCode")["g"].to_numpy() if grouped else None
        return aggregation.impute(indicators("step_2_Denominated.csv"), how, groups), indicators(file)


for _file, _how, _grouped in (
    ("out_impute_i_mean.csv", "mean", False),
    ("out_impute_i_median.csv", "median", False),
    ("out_impute_i_mean_grp.csv", "mean", True),
    ("out_impute_i_median_grp.csv", "median", True),
    ("step_3_Imputed.csv", "mean", True),
):
    _imputation(_file, _how, _grouped)


def treated(points=POINTS):
    return by_column(lambda x: treatment.treat(x, *LIMITS, points)[0], indicators("step_3_Imputed.csv"))


@case("treat", FOLDER, "step_5_Treated.csv")
def _treat():
    return treated(), indicators("step_5_Treated.csv")


@case("winsorise", FOLDER, "out_winsorise5.csv")
def _winsorise():
    ours = by_column(lambda x: treatment.winsorise(x, *LIMITS, POINTS), indicators("step_3_Imputed.csv"))
    return ours, indicators("out_winsorise5.csv")


@case("winsorised points", FOLDER, "out_treat_points.csv")
def _points():
    marks = table(FOLDER, "out_treat_points.csv").select(codes()).to_numpy()
    ours = treated() != indicators("step_3_Imputed.csv")
    return ours.astype(float), np.isin(marks, ["winhi", "winlo"]).astype(float)


@case("log_transform, mirrored for left skew", FOLDER, "out_log_CT_plus.csv")
def _log():
    return by_column(treatment.log_transform, indicators("step_3_Imputed.csv")), indicators(
        "out_log_CT_plus.csv"
    )


@case("log_transform of right-skewed", FOLDER, "out_log_CT.csv")
def _log_right():
    x = indicators("step_3_Imputed.csv")
    right = np.array([treatment.skewness(one) >= 0 for one in x.T])
    return by_column(treatment.log_transform, x[:, right]), indicators("out_log_CT.csv")[:, right]


@case("log_transform", FOLDER, "out_log_GII.csv", "log_GII returns its input")
def _log_gii():
    """Right: the mirrored transform as the peer's other function gives it."""
    ours = by_column(treatment.log_transform, indicators("step_3_Imputed.csv"))
    return ours, indicators("out_log_GII.csv"), indicators("out_log_CT_plus.csv")


@case("skewness, kurtosis, passes", FOLDER, "out_skew_kurt.csv")
def _shape():
    x = indicators("step_3_Imputed.csv").T
    ours = [(treatment.skewness(v), treatment.kurtosis(v), treatment.passes(v, *LIMITS)) for v in x]
    theirs = table(FOLDER, "out_skew_kurt.csv").select(pl.col("skew", "kurt", "pass").cast(pl.Float64))
    return np.array(ours, dtype=float), theirs.to_numpy()


@case("skewness, kurtosis of raw figures", FOLDER, "out_stats_raw.csv")
def _stats():
    """Ours to the three significant digits that the peer keeps."""
    x = indicators("step_1_Raw.csv").T
    ours = [float(f"{f(v):.3g}") for f in (treatment.skewness, treatment.kurtosis) for v in x]
    theirs = np.concatenate([column(FOLDER, "out_stats_raw.csv", name) for name in ("Skew", "Kurt")])
    return np.array(ours), theirs


@case("points, skewness, kurtosis of treatment", FOLDER, "out_treat_details.csv")
def _details():
    before, after = indicators("step_3_Imputed.csv"), treated()
    pulled = (before != after).sum(axis=0)
    rows = []
    for k in range(len(codes())):
        shape = [(treatment.skewness(x), treatment.kurtosis(x)) for x in (before[:, k], after[:, k])]
        later = shape[1] if pulled[k] else (np.nan, np.nan)
        rows.append([*shape[0], pulled[k] if pulled[k] else np.nan, *later])
    names = [f"check_SkewKurt{k}.{what}" for k in (0, 1) for what in ("Skew", "Kurt")]
    names.insert(2, "winsorise.nwin")
    theirs = [column(FOLDER, "out_treat_details.csv", name) for name in names]
    return np.array(rows, dtype=float), np.column_stack(theirs)


def _mean(name, power, sets="in_weights_original.csv"):
    file = f"out_agg_{name}.csv"

    @case("hierarchy", FOLDER, file)
    def _aggregate():
        by_level = level_weights(table(FOLDER, sets))
        return all_levels(indicators("out_norm_minmax_1_100.csv"), by_level, power), aggregates(file)


_mean("a_amean", 1.0)
_mean("a_amean_unequal", 1.0, "in_weights_unequal.csv")
_mean("a_gmean", 0.0)
_mean("a_gmean_unequal", 0.0, "in_weights_unequal.csv")
_mean("a_hmean", -1.0)
_mean("a_genmean_p2", 2.0)


@case("hierarchy", FOLDER, "step_7_Aggregated.csv")
def _step_aggregated():
    by_level = level_weights(table(FOLDER, "in_weights_original.csv"))
    return all_levels(indicators("step_6_Normalised.csv"), by_level, 1.0), aggregates("step_7_Aggregated.csv")


@case("hierarchy", FOLDER, "out_results_full.csv")
def _results():
    by_level = level_weights(table(FOLDER, "in_weights_original.csv"))
    ours = all_levels(indicators("step_6_Normalised.csv"), by_level, 1.0)
    return ours, aggregates("out_results_full.csv")


@case("ranks", FOLDER, "out_results_ranks.csv")
def _result_ranks():
    names = codes() + codes(2) + codes(3) + codes(4)
    return aggregation.ranks(by_unit("step_7_Aggregated.csv", names).T).T, by_unit(
        "out_results_ranks.csv", names
    )


@case("copeland", FOLDER, "out_agg_a_copeland.csv")
def _copeland():
    """At every level over its own scores, put together by hand: the peer's function fails inside its Aggregate."""
    scores, found = indicators("out_norm_minmax_1_100.csv"), []
    by_level = level_weights(table(FOLDER, "in_weights_original.csv"))
    for weight, parent in zip(by_level, meta()[1], strict=True):
        members = [np.flatnonzero(parent == p) for p in range(parent.max() + 1)]
        scores = np.column_stack(
            [aggregation.copeland(aggregation.outranking(scores[:, m], weight[m])) for m in members]
        )
        found.append(scores)
    return np.concatenate(found, axis=-1), aggregates("out_agg_a_copeland.csv")


@case("outranking", FOLDER, "out_outrank_matrix.csv")
def _outranking():
    scores = indicators("step_6_Normalised.csv")
    units = sorted(table(FOLDER, "step_6_Normalised.csv")["uCode"])
    theirs = table(FOLDER, "out_outrank_matrix.csv").sort("").select(units).to_numpy()
    return aggregation.outranking(scores, np.ones(scores.shape[1])), theirs


@case("rank_shift without a node", FOLDER, "out_remove_level2.csv")
def _removed():
    scores, parents = indicators("step_6_Normalised.csv"), meta()[1]
    nominal = level_weights(table(FOLDER, "in_weights_original.csv"))
    index = aggregation.hierarchy(scores, nominal, parents, 1.0)[-1][:, 0]
    ours = []
    for element in table(FOLDER, "out_remove_level2.csv")["element"]:
        second = np.where(np.array(codes(2)) == element, 0.0, nominal[1])
        other = aggregation.hierarchy(scores, [nominal[0], second, nominal[2]], parents, 1.0)[-1][:, 0]
        ours.append(aggregation.rank_shift(other, index))
    return np.array(ours), column(FOLDER, "out_remove_level2.csv", "mad")


@case("cronbach", FOLDER, "out_cronbach_P2P.csv")
def _cronbach():
    members = [name == "P2P" for name in meta()[0][0]["Parent"]]
    files = ("step_1_Raw.csv", "step_6_Normalised.csv")
    ours = [aggregation.cronbach(indicators(file)[:, members]) for file in files]
    return np.array(ours), column(FOLDER, "out_cronbach_P2P.csv", "alpha")


@case("correlations", FOLDER, "out_corr_level1.csv")
def _correlations():
    rows = table(FOLDER, "out_corr_level1.csv")
    r, names = weights.correlations(indicators("step_6_Normalised.csv")), codes()
    ours = [r[names.index(a), names.index(b)] for a, b in rows.select("Var1", "Var2").iter_rows()]
    return np.array(ours), column(FOLDER, "out_corr_level1.csv", "Correlation")


def alike_in_sign(vectors, others):
    """Columns turned to the side of the others: an eigenvector has no sign of its own."""
    return vectors * np.where((vectors * others).sum(axis=0) < 0, -1, 1)


@case("principal_components", FOLDER, "out_pca_physical_loadings.csv")
def _loadings():
    theirs = matrix(FOLDER, "out_pca_physical_loadings.csv")
    found = weights.principal_components(matrix(FOLDER, "in_pca_physical.csv"))
    return alike_in_sign(found.loadings, theirs), theirs


@case("principal_components", FOLDER, "out_pca_physical_sdev.csv")
def _deviations():
    found = weights.principal_components(matrix(FOLDER, "in_pca_physical.csv"))
    return np.sqrt(found.variances), column(FOLDER, "out_pca_physical_sdev.csv", "sdev")


def _first_components(level):
    file = f"out_pca_weights_level{level}.csv"

    @case("principal_components, first", FOLDER, file)
    def _first():
        known, parent = level_weights(table(FOLDER, file))[level - 1], meta()[1][level - 1]
        scores = by_unit("step_7_Aggregated.csv", codes(level))
        ours = np.empty(known.shape)
        for p in range(parent.max() + 1):
            members = parent == p
            first = weights.principal_components(scores[:, members]).loadings[:, :1]
            ours[members] = alike_in_sign(first, known[members, None])[:, 0]
        return ours, known


_first_components(1)
_first_components(2)


@case("goalposts of a panel", FOLDER, "out_panel_normalised_global.csv")
def _panel():
    """Treated within each year and normalised over all of them, as the peer does for a panel."""
    kept = table(FOLDER, "out_panel_normalised_global.csv").select("Time", "uCode")
    rows = table(FOLDER, "in_iData_panel.csv").join(kept, on=["Time", "uCode"]).sort("Time", "uCode")
    x = rows.select(pl.col(codes()).cast(pl.Float64)).fill_null(float("nan")).to_numpy()
    for year in rows["Time"].unique():
        of_year = (rows["Time"] == year).to_numpy()
        x[of_year] = by_column(lambda v: treatment.treat(v, *LIMITS, POINTS)[0], x[of_year])
    ours = by_column(lambda v: 100 * treatment.minmax(v), x * direction())
    return ours, indicators("out_panel_normalised_global.csv")


@case("hierarchy with gaps", FOLDER, "out_panel_aggregated.csv")
def _panel_aggregated():
    by_level = level_weights(table(FOLDER, "in_weights_original.csv"))
    ours = all_levels(indicators("out_panel_normalised_global.csv"), by_level, 1.0)
    return ours, aggregates("out_panel_aggregated.csv")


@cache
def replayed(run):
    """Scores (replications, units) of the peer's 'ua' or 'sa' run from the parameters that it drew."""
    drawn = table(FOLDER, f"{run}_in_params.csv")
    sets = table(FOLDER, "ua_in_noisy_weight_sets.csv").partition_by("set", maintain_order=True)
    by_set = [level_weights(one) for one in sets]
    place = drawn["wset"].to_numpy() - 1
    variants = np.stack(
        [
            by_column(normalise, treated(points) * direction())
            for points in range(1, POINTS + 1)
            for normalise in (NORMALISED["minmax_1_100"], lambda x: 10 + 2 * treatment.zscore(x))
        ]
    )
    return uncertainty.replicate(
        variants,
        (drawn["winmax"].to_numpy() - 1) * 2 + (drawn["norm"] == "n_zscore").to_numpy(),
        np.array([MEANS[name] for name in drawn["agg"]]),
        [np.stack([by_level[level] for by_level in by_set])[place] for level in range(3)],
        meta()[1],
    )


def published():
    by_level = level_weights(table(FOLDER, "in_weights_original.csv"))
    return aggregation.hierarchy(indicators("step_6_Normalised.csv"), by_level, meta()[1], 1.0)[-1][:, 0]


def _replay(run, replications, ranked):
    """ranked: how many of the replications the peer ranks; in a sensitivity run only those of the two samples."""

    @case("replicate", FOLDER, f"{run}_out_scores.csv")
    def _scores():
        names = [f"r_{k + 1}" for k in range(replications)]
        return replayed(run).T, by_unit(f"{run}_out_scores.csv", names)

    @case("ranks, percentiles", FOLDER, f"{run}_out_rankstats.csv")
    def _ranks():
        ranks = aggregation.ranks(replayed(run)[:ranked])
        middle, low, high = uncertainty.percentiles(ranks, [0.5, 0.05, 0.95])
        ours = [aggregation.ranks(published()), ranks.mean(axis=0), middle, low, high]
        names = ["Nominal", "Mean", "Median", "Q5", "Q95"]
        return np.column_stack(ours), by_unit(f"{run}_out_rankstats.csv", names)


_replay("ua", 1000, ranked=1000)
_replay("sa", 600, ranked=200)


@case("nominal score and rank", FOLDER, "ua_out_nominal.csv")
def _nominal():
    scores = published()
    return np.column_stack([scores, aggregation.ranks(scores)]), by_unit(
        "ua_out_nominal.csv", ["Score", "Rank"]
    )


@case("rank_shift", FOLDER, "sa_out_y.csv")
def _shift():
    return aggregation.rank_shift(replayed("sa"), published()), column(FOLDER, "sa_out_y.csv", "y")


def _design():
    return column(FOLDER, "sa_out_y.csv", "y").reshape(6, -1)


@case("sobol total", FOLDER, "sa_out_indices.csv")
def _total():
    return uncertainty.sobol(_design()).total, column(FOLDER, "sa_out_indices.csv", "STi")


@case(
    "sobol first order",
    FOLDER,
    "sa_out_indices.csv",
    "the estimator is not centred, so the level of y adds noise and an index alone exceeds its total",
)
def _first_order():
    """Right: the uncentred figure less what the mean adds to it."""
    y, theirs = _design(), column(FOLDER, "sa_out_indices.csv", "Si")
    both = y[:2].ravel()
    added = both.mean() * (y[2:].mean(axis=1) - y[0].mean()) / both.var(ddof=1)
    return uncertainty.sobol(y).first, theirs, theirs - added


not_covered(FOLDER, "step_4_Screened.csv", "no unit is screened out: the same figures as step_3_Imputed.csv")
not_covered(FOLDER, "step_1_Raw.csv", "input of the cases")
not_covered(
    FOLDER,
    "out_log_CT_orig.csv",
    "log(x - min + 1) depends on the unit of measurement; the project's one log transform does not",
)
not_covered(
    FOLDER,
    "out_opt_weights_*.csv",
    "weights found by a search for wished correlations: not a method of the project",
)
not_covered(FOLDER, "out_trends.csv", "compound growth rates of a panel: not a metric of the project")
