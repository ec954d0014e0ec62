"""Which kernel is taken, and why: what is built, what liblz4 exports, what the self-test says, what the user wishes."""

from array import array
from collections.abc import Sequence

import pytest
from kernels import native_codec

from discpress.engine.codecs import kernels, native
from discpress.engine.codecs.blocks import PLAIN_BIT
from discpress.engine.codecs.kernels import KernelChoice, chosen_kernel, find_kernel, lz4_codec
from discpress.engine.codecs.lz4_blocks import Lz4Codec
from discpress.engine.codecs.native import KernelUnavailableError, NativeLz4Codec, Step
from discpress.engine.codecs.self_test import BLOCK_SIZE, check_kernel
from discpress.engine.errors import UsageError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.registry import codec_of, highest_level
from discpress.engine.system.files import Readable

WHY = "fastReset: it is Monday"


@pytest.fixture
def without_native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "find_kernel", lambda _levels: KernelChoice(Lz4Codec(), "plain", None, (WHY,)))


def refuse(steps: set[Step], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the self-test fail for these steps."""

    def check(codec: NativeLz4Codec, _levels: Sequence[int]) -> None:
        if codec.step in steps:
            raise KernelUnavailableError("the self-test failed: it is Monday")

    monkeypatch.setattr(kernels, "check_kernel", check)


class Wrong(NativeLz4Codec):
    """A kernel that packs one bit otherwise at one level."""

    level = 9

    def pack_blocks(
        self,
        chunk: memoryview,
        block_size: int,
        alignment: int,
        level: int,
        out: memoryview,
        lengths: "array[int]",
        *,
        probes: bool,
    ) -> int:
        used = super().pack_blocks(chunk, block_size, alignment, level, out, lengths, probes=probes)
        if level == self.level:
            number = next(number for number, length in enumerate(lengths) if not length & PLAIN_BIT)
            out[sum(length & ~PLAIN_BIT for length in lengths[:number]) + 1] ^= 1
        return used


class Blind(NativeLz4Codec):
    """A kernel that decodes the last block of a run to something else."""

    def decode_run(self, stored: Readable, entries: "array[int]", block_size: int, shift: int, out: memoryview) -> int:
        done = super().decode_run(stored, entries, block_size, shift, out)
        out[done * block_size - 1] ^= 1
        return done


class Failing(NativeLz4Codec):
    """A kernel whose every call fails."""

    def decode_run(self, stored: Readable, entries: "array[int]", block_size: int, shift: int, out: memoryview) -> int:
        raise RuntimeError("no memory")


@pytest.mark.parametrize("step", Step)
def test_the_kernel_passes_its_test(step: Step) -> None:
    check_kernel(native_codec(step))


@pytest.mark.parametrize("level", [1, 2, 9, 12])
def test_one_wrong_bit_is_found(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    native_codec(Step.FAST_RESET)
    monkeypatch.setattr(Wrong, "level", level)
    with pytest.raises(KernelUnavailableError, match=f"level {level} "):
        check_kernel(Wrong(Step.FAST_RESET))


@pytest.mark.parametrize(("level", "tested"), [(1, (1,)), (9, (1, 9)), (0, (1,)), (22, (1, 12))])
def test_a_codec_is_tested_at_its_level_and_the_fast_one(
    level: int, tested: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Sequence[int]] = []
    monkeypatch.delenv("DISCPRESS_KERNEL", raising=False)
    monkeypatch.setattr(kernels, "find_kernel", find_kernel.__wrapped__)
    monkeypatch.setattr(kernels, "check_kernel", lambda _codec, levels: seen.append(levels))
    native_codec(Step.FAST_RESET)
    assert lz4_codec(level).name == "lz4 native"
    assert seen == [tested]


@pytest.mark.slow
def test_a_level_with_a_wrong_bit_is_packed_plainly_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    native_codec(Step.FAST_RESET)
    monkeypatch.delenv("DISCPRESS_KERNEL", raising=False)
    monkeypatch.setattr(kernels, "find_kernel", find_kernel.__wrapped__)
    monkeypatch.setattr(kernels, "NativeLz4Codec", Wrong)
    names = {level: codec_of(Settings(ImageFormat.ZSO, level=level)).name for level in (4, 9, 12)}
    assert names == {4: "lz4 native", 9: "lz4 plain", 12: "lz4 native"}
    assert chosen_kernel().kernel == "plain"


def test_a_wrong_decoder_is_found() -> None:
    native_codec(Step.FAST_RESET)
    with pytest.raises(KernelUnavailableError, match="does not decode"):
        check_kernel(Blind(Step.FAST_RESET))


def test_a_kernel_that_fails_is_found() -> None:
    native_codec(Step.FAST_RESET)
    with pytest.raises(KernelUnavailableError, match="no memory"):
        check_kernel(Failing(Step.FAST_RESET))


def test_the_self_test_packs_64_blocks_of_a_sector() -> None:
    from discpress.engine.codecs.self_test import sample_chunk

    assert len(sample_chunk()) == 64 * BLOCK_SIZE


def test_the_fastest_step_is_taken_first() -> None:
    native_codec(Step.FAST_RESET)
    assert (find_kernel().kernel, find_kernel().step, find_kernel().reasons) == ("native", Step.FAST_RESET, ())


def test_where_the_first_step_fails_the_second_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    native_codec(Step.FAST_RESET)
    refuse({Step.FAST_RESET}, monkeypatch)
    choice = find_kernel.__wrapped__()
    assert (choice.step, choice.reasons) == (Step.STATE, ("fastReset: the self-test failed: it is Monday",))


def test_where_all_steps_fail_the_plain_kernel_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    native_codec(Step.FAST_RESET)
    refuse(set(Step), monkeypatch)
    choice = find_kernel.__wrapped__()
    assert (choice.kernel, type(choice.codec), len(choice.reasons)) == ("plain", Lz4Codec, 2)


def test_a_kernel_that_was_not_built_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "WHY_NOT_LOADED", "it was not built")
    assert find_kernel.__wrapped__().reasons == ("native: it was not built",)


def test_plain_can_be_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCPRESS_KERNEL", "plain")
    assert (type(lz4_codec()), chosen_kernel().reasons) == (Lz4Codec, ("native: DISCPRESS_KERNEL=plain",))


@pytest.mark.usefixtures("without_native")
def test_native_cannot_be_forced_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCPRESS_KERNEL", "native")
    with pytest.raises(UsageError, match=f"DISCPRESS_KERNEL=native: the native kernel is missing: {WHY}"):
        lz4_codec()


@pytest.mark.usefixtures("without_native")
def test_without_a_request_what_is_there_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISCPRESS_KERNEL", raising=False)
    assert lz4_codec().name == "lz4 plain"


def test_an_unknown_kernel_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCPRESS_KERNEL", "fast")
    with pytest.raises(UsageError, match="expected plain or native, got 'fast'"):
        lz4_codec()


def test_a_job_records_its_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCPRESS_KERNEL", "plain")
    plain = codec_of(Settings(ImageFormat.ZSO)).name
    monkeypatch.delenv("DISCPRESS_KERNEL")
    native_codec(Step.FAST_RESET)
    assert (plain, codec_of(Settings(ImageFormat.ZSO)).name) == ("lz4 plain", "lz4 native")


@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CSO])
def test_the_highest_level_is_the_codecs(image_format: ImageFormat) -> None:
    assert highest_level(image_format) == codec_of(Settings(image_format)).max_level
