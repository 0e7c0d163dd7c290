"""The environment in which worker processes start."""

from __future__ import annotations

import os

_NATIVE_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def worker_environment(workers: int) -> dict[str, str]:
    """Variables of a worker's start; those that are set already win.

    Native thread pools share the cores out, as joblib does.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = str(max(1, cores // workers))
    return dict.fromkeys(_NATIVE_THREADS, threads)
