"""The way to a missing package: of an installation, of one file, of one folder."""

import sys
from types import ModuleType

import pytest

from discpress.engine.errors import way_to_install


def test_pip_installs_it() -> None:
    assert way_to_install("miniaudio") == "pip install miniaudio"
    assert way_to_install("discpress[web]") == "pip install 'discpress[web]'"


@pytest.mark.parametrize(
    ("requirement", "extras"), [("discpress[web]", "cso,web"), ("discpress[cso]", "cso"), ("miniaudio", "cso")]
)
def test_one_file_is_made_again(requirement: str, extras: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_bootstrap", ModuleType("_bootstrap"))
    way = f"make this file again with its packages: make pyz EXTRAS={extras}"
    assert way_to_install(requirement) == way


def test_a_program_without_python_takes_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert "by pip" in way_to_install("discpress[nintendo]")
