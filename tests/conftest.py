"""Marks that decide where commands run, the profiles of hypothesis, and the option `--processor-time`."""

import gc
from collections.abc import Iterable, Iterator

import pytest
from command_line import Processes
from compiled_once import compile_product, compile_tests
from example_counts import BY_HAND, IN_EACH_RUN, scale_examples
from hypothesis import HealthCheck, settings
from memory_folders import own_folder, remove_folder
from processor_time import ProcessorTime
from several_processes import ShortReports, ShortSchedules

# Neither fails on a slow or busy machine: no deadline, and no complaint about slow examples.
_COMMON = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
# The same examples in each run: what fails was changed, and passes again when it is mended. New ones are for by_hand.
settings.register_profile("ci", _COMMON, derandomize=True, database=None)
settings.register_profile("by_hand", _COMMON, derandomize=False)
settings.load_profile("ci")  # --hypothesis-profile=by_hand takes the other one

tmp_path = own_folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--processor-time", action="store_true", help="list what tests took, and marks that do not fit it")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(ShortReports())
    else:
        compile_product()
        if config.getoption("numprocesses", None):
            compile_tests(config)
            config.pluginmanager.register(ShortSchedules())
    if config.getoption("--processor-time"):
        if config.getoption("numprocesses", None):
            raise pytest.UsageError("--processor-time measures this process: it takes -n 0")
        config.pluginmanager.register(ProcessorTime())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[None]:
    """Collect no garbage while the tests are found, which make none: it saves a third of what finding them costs."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(20_000, 50, 100)  # apps and stores come and go: to look for cycles less often saves 2 %


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let only the tests that are marked `e2e` start the real programs."""
    Processes.are_wanted = False
    Processes.are_allowed = item.get_closest_marker("e2e") is not None
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Let no test that is over take memory."""
    result = yield
    remove_folder(item)
    return result


def pytest_collection_modifyitems(config: pytest.Config, items: Iterable[pytest.Item]) -> None:
    """Try a share of the examples in each run, and many by hand."""
    is_by_hand = config.getoption("--hypothesis-profile") == "by_hand"
    scale_examples(items, BY_HAND if is_by_hand else IN_EACH_RUN)
