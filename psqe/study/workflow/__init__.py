"""Many runs in many processes: jobs, a file for each result, and Snakemake over plain ``psqe`` commands.

A *job* is a bundle of runs on one task and random state, made by one process. Each run of a job writes a file
of its own as soon as it is done, so that a job that is killed loses one run. What was run is told by the id
of the spec, and by nothing else: a run whose result is there is not made again.
"""

RUNS_PER_JOB = 10
"""How many runs a job has at most, unless another number is asked for."""
