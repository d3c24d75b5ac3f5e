"""A miner, an aligner, an encoder and a layout that psqe finds by entry points."""
