"""The programs: until they are loaded, Ctrl-C ends them without a word, as any program that does not listen yet."""

import signal


def main() -> None:
    """Run `discpress` and exit with its code."""
    _end_by_signal()
    from discpress.engine.imports import no_collections

    with no_collections():
        from discpress.tui.main import run_discpress

    run_discpress()


def iso2zso() -> None:
    """Run `iso2zso` and exit with its code."""
    _end_by_signal()
    from discpress.engine.imports import no_collections

    with no_collections():
        from discpress.engine.cli.main import run_iso2zso

    run_iso2zso()


def _end_by_signal() -> None:
    # Python's own handler would print a traceback of the imports.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    main()
