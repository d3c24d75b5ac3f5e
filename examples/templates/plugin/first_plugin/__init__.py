"""A miner, an aligner, an encoder and a layout that psqe finds by the entry points of this distribution."""
