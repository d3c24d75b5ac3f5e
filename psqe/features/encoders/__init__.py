"""The encoders: one module for each, which is named as the encoder is; see :mod:`psqe.features.encoder`."""
