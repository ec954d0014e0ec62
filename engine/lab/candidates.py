"""Candidates of a benchmark: the settings for a title, and the bytes that a conversion packs with them."""

from pathlib import Path

from discpress.engine.convert.cd.cut import cut
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.errors import DiscpressError, UnsupportedImageError
from discpress.engine.formats import DEFAULT_LEVEL, TRACKS_FORMAT, ImageFormat, Method, Settings
from discpress.engine.images.chd.cd.format import CD_ENCODER
from discpress.engine.images.chd.cd.packed import packed_form
from discpress.engine.images.image import Image
from discpress.engine.images.registry import encoder_of, written
from discpress.engine.lab.options import ThroughputOptions
from discpress.engine.request import ConversionRequest
from discpress.engine.targets import TARGETS


def candidate_settings(
    path: Path, image_format: ImageFormat | None, level: int | None, methods: tuple[Method, ...] = ()
) -> Settings:
    """Return the settings for candidates of a title, whatever block size its target loads: container, level, target.

    `methods` are for the hunks of a CHD; none means those of the target.
    """
    return _without_tracks(_planned(path, image_format, methods), level, methods)


def packed_candidate(path: Path, image: Image, request: ThroughputOptions) -> tuple[Image, Settings]:
    """Return the bytes that a conversion of an open title packs, and its settings, apart from block size and level.

    They are the frames of a CD if a conversion writes a CHD of it. They also are if no other format can contain the
    disc and none was requested. Of other CDs they are the user data. Raises UnsupportedImageError for a disc that the
    requested format cannot contain, and for one that no CHD can describe.
    """
    planned = _planned(path, request.format, request.methods)
    if not planned.is_cd:
        try:
            return cut(image), _without_tracks(planned, None, request.methods)
        except UnsupportedImageError:
            if request.format not in {None, TRACKS_FORMAT}:
                raise
    methods = CD_ENCODER.methods_for(TARGETS[planned.target], request.methods)
    settings = Settings(TRACKS_FORMAT, target=planned.target, methods=methods)
    return packed_form(image, settings), settings


def _planned(path: Path, image_format: ImageFormat | None, methods: tuple[Method, ...]) -> Settings:
    """Return the settings that a conversion would have; a format alone if none is possible."""
    try:
        return plan_conversion(path, None, None, ConversionRequest(format=image_format, methods=methods)).settings
    except DiscpressError:
        return Settings(image_format or written(packed_only=True)[0])


def _without_tracks(planned: Settings, level: int | None, methods: tuple[Method, ...]) -> Settings:
    """Return planned settings for an image without tracks, in a format that has blocks."""
    container = written(packed_only=True)[0] if planned.is_plain else planned.format
    methods = encoder_of(container).methods_for(TARGETS[planned.target], methods or planned.methods)
    return Settings(container, level=level or DEFAULT_LEVEL, target=planned.target, methods=methods)
