"""What is asked of a conversion when nobody named everything."""

from dataclasses import replace

from discpress.engine.config import Config
from discpress.engine.convert.request import ConversionRequest
from discpress.engine.store.model import Overrides


def default_request(config: Config) -> ConversionRequest:
    """Return what the settings file asks of every title."""
    return ConversionRequest(
        config.format, config.block_size, config.level, target=config.target, methods=config.methods
    )


def merged_request(
    request: ConversionRequest, overrides: Overrides | None, defaults: ConversionRequest
) -> ConversionRequest:
    """Return a wish filled up for one title: its own words first, then what was chosen for the title, then `defaults`.

    Format, methods and block size of the defaults are made for their own target and for each other: they are left out
    where a title has another target, or another format.
    """
    chosen = overrides or Overrides()
    target, image_format, methods = (
        request.target or chosen.target, request.format or chosen.format, request.methods or chosen.methods or ()
    )  # fmt: skip
    is_other = target not in {None, defaults.target} or image_format not in {None, defaults.format}
    is_other |= image_format is None and bool(methods)  # methods stand for a format of their own
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
