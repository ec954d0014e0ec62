"""The `discpress` command: a subcommand goes to the engine's command line, anything else to the app."""

import sys

from engine.cli.main import run


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
