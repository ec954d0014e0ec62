"""A folder of images and a device in a test's own process: plans, and carries them out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from found_titles import title_in

from discpress.engine.deploy.contents import Contents
from discpress.engine.deploy.copying import Copied
from discpress.engine.deploy.device import HeldDevice, read_device
from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.manifest import Manifest
from discpress.engine.deploy.plan import DeployOptions, DeployPlanner
from discpress.engine.deploy.presence import DeviceFiles
from discpress.engine.deploy.records import DeployPlan, DeployRow, DeviceFacts, LayoutRequest
from discpress.engine.deploy.run import Deployment
from discpress.engine.formats import ImageFormat
from discpress.engine.progress import Control, Progress
from discpress.engine.store.model import Title


@dataclass
class DeployDesk:
    """Deploys images of `source` to `device`."""

    source: Path
    device: Path
    kind: DeviceKind = DeviceKind.FOLDER
    control: Control = field(default_factory=Control)
    progress: Progress = field(default_factory=Progress)
    facts: Callable[[DeviceFacts], DeviceFacts] = lambda facts: facts
    """Changes the facts of the device, for a file system that the test has not."""

    def __post_init__(self) -> None:
        self.source.mkdir(parents=True, exist_ok=True)
        self.device.mkdir(parents=True, exist_ok=True)

    def titles(self, *names: str) -> list[Title]:
        """Return the titles of some images, of all main files without names."""
        paths = [self.source / name for name in names] or sorted(self.source.iterdir())
        return [title_in(path) for path in paths]

    def plan(
        self,
        titles: Sequence[Title] | None = None,
        *,
        image_format: ImageFormat | None = None,
        ul: bool = False,
        force: bool = False,
        is_checking: bool = False,
    ) -> DeployPlan:
        """Plan titles, all by default."""
        contents = Contents(self.control, self.progress)
        files = DeviceFiles(self.kind, Manifest.read(self.device), contents, is_checking=is_checking)
        options = DeployOptions(LayoutRequest(image_format, ul), force)
        planner = DeployPlanner(self.facts(read_device(self.device)), files, options)
        return planner.plan(self.titles() if titles is None else titles)

    def carry_out(self, plan: DeployPlan) -> list[Copied]:
        """Write what a plan has to write; return what was written."""
        deployment = Deployment(plan, Manifest.read(self.device), HeldDevice(self.device), self.control)
        deployment.check_room()
        for row in plan.rows:
            deployment.note(row)
        return [deployment.write(row, self.progress) for row in plan.written]

    def deploy(self, titles: Sequence[Title] | None = None) -> list[DeployRow]:
        """Plan and carry out; return the rows."""
        plan = self.plan(titles)
        self.carry_out(plan)
        return list(plan.rows)

    def files(self) -> dict[str, bytes]:
        """Return the files on the device, discpress's list aside."""
        found = (path for path in sorted(self.device.rglob("*")) if path.is_file())
        return {
            path.relative_to(self.device).as_posix(): path.read_bytes()
            for path in found
            if path.name != ".discpress-device.json"
        }

    def marks(self) -> dict[str, tuple[int, int, int]]:
        """Return inode, time and change time of every file and folder on the device: equal if nothing was written."""
        found = {path: path.lstat() for path in (self.device, *self.device.rglob("*"))}
        return {str(path): (each.st_ino, each.st_mtime_ns, each.st_ctime_ns) for path, each in found.items()}
