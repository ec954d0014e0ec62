"""The codec for writing an image, chosen by its format and target."""

from discpress.engine.codecs.blocks import Codec
from discpress.engine.codecs.registry import codec_for
from discpress.engine.formats import Settings
from discpress.engine.targets import TARGETS


def codec_of(settings: Settings) -> Codec:
    """Return the codec for these settings; KeyError for a format without blocks."""
    target = TARGETS.get(settings.target)
    return codec_for(settings.format, settings.methods, for_emulators=target is not None and target.is_emulator)
