"""psqe: pseudo-seeds for unsupervised multimodal entity alignment."""
