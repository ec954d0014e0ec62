import gc
import sys
from pathlib import Path

import pytest

from discpress.tui.app import launch
from discpress.tui.app.app import DiscpressApp


def test_a_thread_that_computes_keeps_the_loop_waiting_for_half_a_millisecond_at_most(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    intervals_s = []

    def run(app: DiscpressApp) -> int:
        intervals_s.append(sys.getswitchinterval())
        return 0

    monkeypatch.setattr(launch, "run_on_terminal", run)
    before_s = sys.getswitchinterval()
    monkeypatch.setattr(gc, "disable", lambda: None)
    launch.open_app([tmp_path], state=tmp_path, target=None, is_ascii=None, is_read_only=True)
    assert intervals_s == [pytest.approx(0.0005)]
    assert sys.getswitchinterval() == before_s
