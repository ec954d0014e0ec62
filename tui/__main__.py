"""The `discpress` command: hands every word to the command line, until the terminal app stands here."""

import sys

from engine.cli.main import run


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
