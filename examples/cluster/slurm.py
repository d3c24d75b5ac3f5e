"""Align a pair with the help of workers that Slurm starts (needs ``pip install dask-jobqueue``).

``python examples/cluster/slurm.py PAIR --jobs 8`` starts a scheduler in this process, lets Slurm start eight
jobs with a worker each, aligns the pair (the name of a task or a folder) and ends the jobs. Run it on a node
from which the others can be reached, or in a job of its own. ``--dry-run`` prints the script of a job only.
"""

from __future__ import annotations

import argparse
import sys

import psqe


def main() -> int:
    """Align a pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pair")
    parser.add_argument("--out", default="links.tsv")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--cores", type=int, default=16, help="of a job; its threads share the vectors")
    parser.add_argument("--memory", default="16GB", help="of a job")
    parser.add_argument("--walltime", default="01:00:00", help="of a job")
    parser.add_argument("--queue", help="partition of Slurm")
    parser.add_argument("--interface", help="network that the nodes share, such as ib0")
    parser.add_argument("--dry-run", action="store_true", help="print the script of a job")
    given = parser.parse_args()
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError:
        print(
            "slurm.py: the package dask-jobqueue is not installed; pip install dask-jobqueue", file=sys.stderr
        )
        return 2
    with SLURMCluster(
        cores=given.cores,
        processes=1,
        memory=given.memory,
        walltime=given.walltime,
        queue=given.queue,
        interface=given.interface,
        python=sys.executable,  # the environment of this process, so that versions are the same
    ) as cluster:
        if given.dry_run:
            print(cluster.job_script())
            return 0
        cluster.scale(jobs=given.jobs)
        cluster.wait_for_workers(1)  # jobs may wait in the queue; those that start later take part
        alignment = psqe.align(given.pair, scheduler=cluster.scheduler_address)
    alignment.save_links(given.out)
    print(f"{alignment.headline()} -> {given.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
