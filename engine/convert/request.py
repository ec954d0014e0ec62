"""Merging requests: the options of a command over a title's own settings over the settings file."""

from dataclasses import replace

from discpress.engine.formats import PLAIN_FORMAT
from discpress.engine.request import ConversionRequest
from discpress.engine.targets import AUTO, TARGETS, Target, target_named
from discpress.engine.targets.by_system import target_name

NOTHING = ConversionRequest()


def for_system(defaults: ConversionRequest, system: str) -> ConversionRequest:
    """Return defaults with the target for discs of a system, and without a form that this target does not load."""
    if not defaults.targets:
        return defaults
    name = target_name(dict(defaults.targets), system)
    named = replace(defaults, target=name, targets=())
    if name not in TARGETS and name != AUTO:  # a name of another version: resolving it reports it
        return named
    return _loadable(named, target_named(name, system, defaults.format))


def _loadable(defaults: ConversionRequest, target: Target) -> ConversionRequest:
    image_format = defaults.format
    if image_format not in {None, PLAIN_FORMAT, *target.formats}:
        return replace(defaults, format=None, block_size=None, methods=())
    is_block = defaults.block_size is None or not target.is_doubtful_block(defaults.block_size)
    is_read = all(method in target.hunk_codecs for method in defaults.methods)
    return replace(
        defaults,
        block_size=defaults.block_size if is_block else None,
        methods=defaults.methods if is_read else (),
    )


def merge_requests(
    request: ConversionRequest,
    own: ConversionRequest | None = None,
    defaults: ConversionRequest = NOTHING,
    system: str = "",
) -> ConversionRequest:
    """Return a request completed for one title: its own fields first, then those of `own`, then `defaults`.

    `own` and `defaults` complete the form of the result only; playlists are written if `defaults` ask for them. Format,
    methods and block size of the defaults fit their own target and each other. They are left out if the title has
    another target or another format. `system` (`ps2`) decides among the targets of the defaults.
    """
    if own is None and defaults is NOTHING:
        return request
    defaults = for_system(defaults, system)
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
        playlists=request.playlists or defaults.playlists,
    )
