"""Neural networks, losses and the training loop, which PSQE's refinement stage and the aligners share."""
