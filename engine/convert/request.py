"""Merging requests: the options of a command over a title's own settings over the settings file."""

from dataclasses import replace

from discpress.engine.request import ConversionRequest, OnConflict

__all__ = ["ConversionRequest", "OnConflict", "merge_requests"]

NOTHING = ConversionRequest()


def merge_requests(
    request: ConversionRequest, own: ConversionRequest | None = None, defaults: ConversionRequest = NOTHING
) -> ConversionRequest:
    """Return a request completed for one title: its own fields first, then those of `own`, then `defaults`.

    `own` and `defaults` complete the form of the result only. Format, methods and block size of the defaults fit their
    own target and each other. They are left out if the title has another target or another format.
    """
    chosen = own or NOTHING
    target, image_format, methods = (
        request.target or chosen.target, request.format or chosen.format, request.methods or chosen.methods
    )  # fmt: skip
    is_other = target not in {None, defaults.target} or image_format not in {None, defaults.format}
    is_other |= image_format is None and bool(methods)  # methods imply their own format
    form = NOTHING if is_other else defaults
    return replace(
        request,
        format=image_format or form.format,
        block_size=request.block_size or chosen.block_size or form.block_size,
        level=request.level or chosen.level or defaults.level,
        alignment=request.alignment or chosen.alignment,
        target=target or defaults.target,
        methods=methods or form.methods,
    )
