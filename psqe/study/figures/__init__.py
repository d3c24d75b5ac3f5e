"""Every kind of figure in the book, in one style. Functions return figures and save nothing."""

from __future__ import annotations

from psqe.study.figures.ablation import changes, estimates, reliability, sweeps
from psqe.study.figures.bars import bars
from psqe.study.figures.cards import CardGroup, pair_cards
from psqe.study.figures.costs import scaling, seconds_by_notebook
from psqe.study.figures.coverage import agreement, curves, operating, phase_diagram
from psqe.study.figures.credits import Credits, credits
from psqe.study.figures.damage import damage_curves
from psqe.study.figures.explorer import Explorer
from psqe.study.figures.forces import hardness, pull_by_similarity, split_on_circle, two_parts
from psqe.study.figures.gallery import Gallery, link_gallery
from psqe.study.figures.graphs import degree_distribution, modality_presence
from psqe.study.figures.links import evidence_histogram, threshold_curve
from psqe.study.figures.maps import entity_maps
from psqe.study.figures.noise import error_terms
from psqe.study.figures.pictures import pair_grid, seed_gallery, similarity_grid
from psqe.study.figures.reach import reach_by_degree, reach_shares
from psqe.study.figures.results import by_n_seeds, by_region, dot_plot, precision_by_rank, stage_trace
from psqe.study.figures.sheets import PictureSheets
from psqe.study.figures.wrong import PullMap, against_temperature, forgiveness, pull_maps, pulls_by_kind

__all__ = [
    "CardGroup", "Credits", "Explorer", "Gallery", "PictureSheets", "PullMap", "against_temperature",
    "agreement", "bars", "by_n_seeds", "by_region", "changes", "credits", "curves", "damage_curves",
    "degree_distribution", "dot_plot", "entity_maps", "error_terms", "estimates", "evidence_histogram",
    "forgiveness", "hardness", "link_gallery", "modality_presence", "operating", "pair_cards",
    "pair_grid", "phase_diagram", "precision_by_rank", "pull_by_similarity", "pull_maps", "pulls_by_kind",
    "reach_by_degree", "reach_shares", "reliability", "scaling", "seconds_by_notebook", "seed_gallery",
    "similarity_grid", "split_on_circle", "stage_trace", "sweeps", "threshold_curve", "two_parts",
]  # fmt: skip
