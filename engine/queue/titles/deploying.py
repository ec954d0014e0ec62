"""Deployments of titles of the library: their plan, and the job that carries it out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.convert.request import NOTHING
from discpress.engine.deploy.contents import Contents
from discpress.engine.deploy.device import read_device
from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.manifest import Manifest
from discpress.engine.deploy.plan import DeployOptions, DeployPlanner
from discpress.engine.deploy.presence import DeviceFiles
from discpress.engine.deploy.records import DeployPlan, LayoutRequest
from discpress.engine.formats import ImageFormat
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.deploy import DeployTask
from discpress.engine.request import ConversionRequest
from discpress.engine.states import Standing
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.units import format_count


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """A device, and what the user chose for it."""

    root: Path
    """The folder where the device is mounted."""
    kind: DeviceKind
    """The loader that plays the games there."""
    format: ImageFormat | None = None
    """The format on the device; None converts only what the loader does not load."""


def device_plan(
    choice: DeviceChoice,
    titles: Sequence[Title],
    store: Store,
    states: Callable[[Title, ConversionRequest], Standing],
    control: Control,
    defaults: ConversionRequest = NOTHING,
    progress: Progress | None = None,
    threads: int = 1,
) -> tuple[DeployPlan, Manifest]:
    """Return the plan of a deployment with the list of the device, from the disks as they are now.

    A file on the device that is not as it was written is read, which takes time; `control` stops that. Raises
    UsageError if the device is no folder, StorageError, StoreError, CancelledError.
    """
    device = read_device(choice.root)
    manifest = Manifest.read(device.root)
    contents = Contents(control, progress or Progress(), threads)
    files, options = DeviceFiles(choice.kind, manifest, contents), DeployOptions(LayoutRequest(choice.format))
    return DeployPlanner(device, files, options, defaults, store, states).plan(titles), manifest


def deploy_request(
    choice: DeviceChoice, plan: DeployPlan, name_of: Callable[[Title], str], defaults: ConversionRequest = NOTHING
) -> JobRequest:
    """Return the job that carries out a plan; `name_of` returns the name of a title. Raises OSError."""
    titles = [row.title for row in plan.written]
    what = name_of(titles[0]) if len(titles) == 1 else format_count(len(titles), "title")
    root = plan.device.root
    source = Source(root.stat().st_dev, None, f"{what} to {root.name or root}")
    paths = tuple(title.path for title in titles)
    return JobRequest(DeployTask(choice.kind, paths, choice.format, defaults, source), root)
