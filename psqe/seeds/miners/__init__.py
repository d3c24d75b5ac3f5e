"""The miners: one module each, named as the miner."""
