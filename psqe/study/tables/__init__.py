"""Every table of the book, from the results store or from objects of the library."""

from __future__ import annotations

from psqe.study.tables.accounts import (
    account_table,
    accounts,
    gain_accounts,
    predicted_totals,
    prediction_errors,
)
from psqe.study.tables.advice import (
    data_names,
    decision_table,
    default_links,
    label_gain_table,
    label_gains,
    label_runs,
    level_table,
    matching_table,
    modality_runs,
    seed_gains,
    size_table,
)
from psqe.study.tables.aligners import added_table, faithful_table, presets, supervised_table
from psqe.study.tables.alignments import (
    alignment_results,
    crossed,
    gain_table,
    gains,
    matrix,
    name_models,
    pair_table,
    paired_gain,
    untrained_results,
)
from psqe.study.tables.benchmarks import fact_table, mined_table, single_table
from psqe.study.tables.best import (
    benchmark_runs,
    best_leads,
    best_runs,
    best_table,
    part_runs,
    same_keywords,
    sign_table,
    system_costs,
    worst_groups,
)
from psqe.study.tables.candidates import (
    CandidateLists,
    candidate_lists,
    link_lengths,
    link_places,
    own_side_nearest,
    pair_places,
)
from psqe.study.tables.characters import by_school_year, character_regions, language_table
from psqe.study.tables.damage import below_features, damage_means, damage_runs, damage_table, losses
from psqe.study.tables.estimates import bias_table, order_table
from psqe.study.tables.evenness import evenness, evenness_table, evenness_words
from psqe.study.tables.evidence import (
    evidence_matrix,
    evidence_runs,
    evidence_seeds,
    gain_matrix,
    gain_tests,
    gains_in_all_runs,
    learned,
    order_kept,
    widest_interval,
)
from psqe.study.tables.expected import expected_errors, expected_runs, expected_table
from psqe.study.tables.false_friends import false_friends_table
from psqe.study.tables.growth import growth_table
from psqe.study.tables.headlines import headline_bars, headlines
from psqe.study.tables.links import (
    answers,
    claims,
    claims_table,
    f1_of_no_link,
    nothing_in_common,
    pair_evidence,
    rule_table,
    runs_of,
    task_table,
    threshold_curve,
)
from psqe.study.tables.page import mean_table, mean_text, metric_rows, over_states, show
from psqe.study.tables.pays import (
    above_and_below,
    pairs_with_references,
    pays_gains,
    pays_means,
    pays_runs,
    pays_table,
    rows_left_out,
)
from psqe.study.tables.phase import evenness_parts, operating_points, phase_rows, price_of_evenness, worth
from psqe.study.tables.predictions import shift_errors, shift_predictions, shift_table, trained_errors
from psqe.study.tables.regions import region_contrasts, region_parts, region_results, third_ranks
from psqe.study.tables.review import review_by_pair, review_states, review_table
from psqe.study.tables.rows import points_text, row_gain_table, row_gains
from psqe.study.tables.seeds import changes, compared, plain_seeds, seed_parts, seed_sets, swept, verdicts
from psqe.study.tables.selection import in_order
from psqe.study.tables.tasks import graph_table, text_table, triple_table, why_table
from psqe.study.tables.transfer import compared_values, transfer
from psqe.study.tables.words import by_sign, list_in_words

__all__ = [
    "CandidateLists", "above_and_below", "account_table", "accounts", "added_table", "alignment_results",
    "answers", "below_features", "benchmark_runs", "best_leads", "best_runs", "best_table", "bias_table",
    "by_school_year", "by_sign", "candidate_lists", "changes", "character_regions", "claims",
    "claims_table", "compared", "compared_values", "crossed", "damage_means", "damage_runs", "damage_table",
    "data_names", "decision_table", "default_links", "evenness", "evenness_parts", "evenness_table",
    "evenness_words", "evidence_matrix", "evidence_runs", "evidence_seeds", "expected_errors",
    "expected_runs", "expected_table", "f1_of_no_link", "fact_table", "faithful_table",
    "false_friends_table", "gain_accounts", "gain_matrix", "gain_table", "gain_tests", "gains",
    "gains_in_all_runs", "graph_table", "growth_table", "headline_bars", "headlines", "in_order",
    "label_gain_table", "label_gains", "label_runs", "language_table", "learned", "level_table",
    "link_lengths", "link_places", "list_in_words", "losses", "matching_table", "matrix", "mean_table",
    "mean_text", "metric_rows", "mined_table", "modality_runs", "name_models", "nothing_in_common",
    "operating_points", "order_kept", "order_table", "over_states", "own_side_nearest", "pair_evidence",
    "pair_places", "pair_table", "paired_gain", "pairs_with_references", "part_runs", "pays_gains",
    "pays_means", "pays_runs", "pays_table", "phase_rows", "plain_seeds", "points_text", "predicted_totals",
    "prediction_errors", "presets", "price_of_evenness", "region_contrasts", "region_parts",
    "region_results", "review_by_pair", "review_states", "review_table", "row_gain_table", "row_gains",
    "rows_left_out",
    "rule_table", "runs_of", "same_keywords", "seed_gains", "seed_parts", "seed_sets", "shift_errors",
    "shift_predictions", "shift_table", "show", "sign_table", "single_table", "size_table",
    "supervised_table", "swept", "system_costs", "task_table", "text_table", "third_ranks",
    "threshold_curve", "trained_errors", "transfer", "triple_table", "untrained_results", "verdicts",
    "why_table", "widest_interval", "worst_groups", "worth",
]  # fmt: skip
