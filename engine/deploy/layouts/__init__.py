"""The layouts of devices: the place, the name and the form of a title for each loader; nothing here asks a disk."""

from collections.abc import Callable, Mapping
from functools import partial

from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.layouts import folders, nintendo, opl
from discpress.engine.deploy.layouts.forms import Refused
from discpress.engine.deploy.records import DeviceFacts, Layout, LayoutRequest, Placement
from discpress.engine.store.model import Title

__all__ = ["LAYOUTS"]


def _place(layout: Layout, kind: DeviceKind, title: Title, device: DeviceFacts, request: LayoutRequest) -> Placement:
    if request.ul and kind is not DeviceKind.OPL:
        return Placement.refusal("only OPL reads games in parts with ul.cfg", "leave out --ul")
    try:
        return layout(title, device, request)
    except Refused as refused:
        return Placement.refusal(str(refused), refused.hint)


_PLACES: Mapping[DeviceKind, Callable[[Title, DeviceFacts, LayoutRequest], Placement]] = {
    DeviceKind.OPL: opl.place,
    DeviceKind.PPSSPP: folders.place_ppsspp,
    DeviceKind.DOLPHIN: nintendo.place_dolphin,
    DeviceKind.USB_LOADER_GX: nintendo.place_usb_loader_gx,
    DeviceKind.NINTENDONT: nintendo.place_nintendont,
    DeviceKind.BATOCERA: folders.place_batocera,
    DeviceKind.FOLDER: folders.place_folder,
}
LAYOUTS: Mapping[DeviceKind, Layout] = {kind: partial(_place, place, kind) for kind, place in _PLACES.items()}
"""The layout of each kind of device. A title without a place gets a refusal; no layout raises."""
