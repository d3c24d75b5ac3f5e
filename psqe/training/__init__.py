"""Neural parts that the refinement stage of PSQE and the aligners share."""
