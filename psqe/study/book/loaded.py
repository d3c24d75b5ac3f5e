"""What most notebooks import, loaded once: a kernel that is a copy of such a process need not load it again.

The server of :mod:`psqe.study.book.jobs` loads this module, and nothing else does. Loading takes some eight
seconds of processor time, which each notebook would spend.
"""

from __future__ import annotations

import ipykernel.kernelapp
import IPython.display
import matplotlib.pyplot
import matplotlib_inline.backend_inline
import myst_nb
import numpy
import pandas
import pandera.pandas
import scipy.stats
import seaborn
import torch
import torch._dynamo  # which the first step of an optimiser loads

import psqe.aligners
import psqe.api
import psqe.links
import psqe.study.figures
import psqe.study.mined
import psqe.study.plans
import psqe.study.run
import psqe.study.store
import psqe.study.tables
import psqe.theory

__all__ = [
    "IPython", "ipykernel", "matplotlib", "matplotlib_inline", "myst_nb", "numpy", "pandas", "pandera",
    "psqe", "scipy", "seaborn", "torch",
]  # fmt: skip
