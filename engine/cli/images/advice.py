"""The advice for a file that is recognised and not read, for the target of a conversion."""

from pathlib import Path

from discpress.engine.convert.choice import target_of
from discpress.engine.discs.foreign import foreign_error, read_foreign
from discpress.engine.errors import MissingPackageError, UnsupportedImageError
from discpress.engine.images.open import open_stored
from discpress.engine.images.recognise import recognise
from discpress.engine.images.registry import spec_of
from discpress.engine.images.source import shown_name
from discpress.engine.request import ConversionRequest


def advised(error: UnsupportedImageError, path: Path, request: ConversionRequest) -> UnsupportedImageError:
    """Return the error of opening the image at a path, with the advice for the target of the request.

    Raises the errors of `open_stored`.
    """
    if isinstance(error, MissingPackageError):
        return error
    source = open_stored(path)
    try:
        spec = spec_of(recognise(source))
        if spec.is_read:
            return error
        found = read_foreign(source, spec.name)
        advice = spec.advice_for(target_of(found.disc.system, request, request.format))
        return UnsupportedImageError(f"{shown_name(source)}: {foreign_error(spec.name, found, advice)}", hint=advice)
    finally:
        source.close()
