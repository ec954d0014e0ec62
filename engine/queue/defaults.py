"""Default settings of a conversion, from the settings file and the title."""

from dataclasses import replace

from discpress.engine.config import Config
from discpress.engine.convert.request import ConversionRequest
from discpress.engine.store.model import Overrides


def default_request(config: Config) -> ConversionRequest:
    """Return the request that the settings file makes for every title."""
    return ConversionRequest(
        config.format, config.block_size, config.level, target=config.target, methods=config.methods
    )


def merged_request(
    request: ConversionRequest, overrides: Overrides | None, defaults: ConversionRequest
) -> ConversionRequest:
    """Return a request completed for one title: its own settings first, then those of the title, then `defaults`.

    Format, methods and block size of the defaults fit their own target and each other. They are left out if a title has
    another target or another format.
    """
    chosen = overrides or Overrides()
    target, image_format, methods = (
        request.target or chosen.target, request.format or chosen.format, request.methods or chosen.methods or ()
    )  # fmt: skip
    is_other = target not in {None, defaults.target} or image_format not in {None, defaults.format}
    is_other |= image_format is None and bool(methods)  # methods imply their own format
    form = ConversionRequest() if is_other else defaults
    return replace(
        request,
        format=image_format or form.format,
        block_size=request.block_size or chosen.block_size or form.block_size,
        level=request.level or chosen.level or defaults.level,
        alignment=request.alignment or chosen.alignment,
        target=target or defaults.target,
        methods=methods or form.methods,
    )
