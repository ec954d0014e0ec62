"""The exit code of a command on several files."""

from collections.abc import Iterable


def joined_exit_code(exit_codes: Iterable[int]) -> int:
    """Return 0 without failures, the exit code of the failures if they agree, else 1."""
    failures = {*exit_codes} - {0}
    return 1 if len(failures) > 1 else next(iter(failures), 0)
