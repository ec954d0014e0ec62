"""The door of the worker: `python -m discpress.engine.worker`."""

import sys

from discpress.engine.imports import no_collections


def main() -> int:
    """Be the worker unless one lives; return as `process.main` does."""
    with no_collections():
        from discpress.engine.worker.process import main as work
    return work()


if __name__ == "__main__":
    sys.exit(main())
