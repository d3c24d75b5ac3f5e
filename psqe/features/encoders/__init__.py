"""The encoders: one module each, named as the encoder; see :mod:`psqe.features.encoder_registry`."""
