"""The kinds of devices, for options."""

from enum import StrEnum


class DeviceKind(StrEnum):
    """The loaders and programs that a device is laid out for."""

    OPL = "opl"
    PPSSPP = "ppsspp"
    DOLPHIN = "dolphin"
    USB_LOADER_GX = "usbloadergx"
    NINTENDONT = "nintendont"
    BATOCERA = "batocera"
    FOLDER = "folder"
    """No loader: the files under their own names."""
