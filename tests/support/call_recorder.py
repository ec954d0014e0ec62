"""Watches this process change one folder, call by call, for `crash_states`."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from crash_states import ROOT, Disk, NameStep, Slot, written

from discpress.engine.system import rename
from discpress.engine.system.files import absolute

Step = Callable[[Disk], None]


class CallRecorder:
    """Notes every change below a folder, in order, as steps for a `Disk`."""

    def __init__(self, top: Path) -> None:
        self.top = top.resolve()
        self.steps: list[Step] = []
        self.labels: list[str] = []
        self._first = Disk()
        self._now = Disk()
        self._live: dict[Slot, int] = {}
        self._inodes = {_inode(self.top.stat()): ROOT}
        self._is_folder = [True]
        for path in sorted(self.top.rglob("*")):
            slot, node = self._slot(path), self._new(path.lstat(), path.is_dir())
            assert slot is not None
            self._live[slot] = node
            for disk in (self._first, self._now):
                disk.names[slot] = node
                if path.is_dir():
                    disk.folders.add(node)
                else:
                    disk.data[node], disk.times[node] = path.read_bytes(), path.stat().st_mtime_ns

    def disk_at(self, point: int) -> Disk:
        """Return the disk after the first `point` steps."""
        disk = Disk(dict(self._first.data), set(self._first.folders), dict(self._first.names))
        disk.times.update(self._first.times)
        for step in self.steps[:point]:
            step(disk)
        return disk

    def claim(self, what: str) -> None:
        """Note that something is said to be true from here on."""
        self._add(f"claim {what}", lambda disk: None)

    def claims_at(self, point: int) -> list[str]:
        """Return what has been said by then."""
        return [label.removeprefix("claim ") for label in self.labels[:point] if label.startswith("claim ")]

    def check(self) -> None:
        """AssertionError unless the steps give the very folder that is there: nothing was changed behind our back."""
        paths = list(self.top.rglob("*"))
        assert len(self._live) == len(paths), f"{len(self._live)} names were seen: {paths}"
        for path in paths:
            slot = self._slot(path)
            assert slot in self._live, f"{path} was made unseen"
            if path.is_file():
                assert path.read_bytes() == self._content(self._live[slot]), f"{path} was written unseen"

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the calls that are made in here; a call that fails changes nothing."""
        with ExitStack() as stack:

            def after(owner: Any, name: str, note: Callable[..., None]) -> None:
                real = getattr(owner, name)

                def call(*arguments: Any, **keywords: Any) -> Any:
                    result = real(*arguments, **keywords)
                    note(result, *arguments, **keywords)
                    return result

                stack.enter_context(mock.patch.object(owner, name, call))

            real_open = os.open

            def opened(path: Any, flags: int, *more: Any, dir_fd: int | None = None) -> int:
                is_new = bool(flags & os.O_CREAT) and not _exists(path, dir_fd)
                fd = real_open(path, flags, *more, dir_fd=dir_fd)
                if is_new:
                    self._made(path, dir_fd, is_folder=False)
                return fd

            stack.enter_context(mock.patch.object(os, "open", opened))
            after(os, "pwrite", lambda count, fd, data, at: self._on(fd, "write", at, bytes(memoryview(data)[:count])))
            after(os, "ftruncate", lambda _, fd, size: self._on(fd, "cut", size))
            after(os, "mkdir", lambda _, path, *more, dir_fd=None: self._made(path, dir_fd, is_folder=True))
            after(os, "rename", lambda _, source, target, **fds: self._moved(source, target, *_folders(**fds)))
            after(rename, "_rename_exclusive", lambda _, *named: self._moved(*_below(*named)))
            after(os, "link", lambda _, source, target, **fds: self._linked(source, target, *_folders(**fds)))
            after(os, "unlink", lambda _, path, dir_fd=None: self._removed(path, dir_fd))
            after(os, "rmdir", lambda _, path, dir_fd=None: self._removed(path, dir_fd))
            after(os, "fsync", lambda _, fd: self._synced(fd))
            yield

    def _content(self, node: int) -> bytes:
        return written(self._now.data[node], self._now.pending_data.get(node, []))

    def _new(self, facts: os.stat_result, is_folder: bool) -> int:
        node = len(self._is_folder)
        self._is_folder.append(is_folder)
        self._inodes[_inode(facts)] = node
        return node

    def _slot(self, path: Any, dir_fd: int | None = None) -> Slot | None:
        if dir_fd is not None:
            node = self._inodes.get(_inode(os.fstat(dir_fd)))
            return None if node is None else (node, os.fsdecode(path))
        try:
            parts = absolute(Path(os.fsdecode(path))).relative_to(self.top).parts
        except ValueError:
            return None
        node = ROOT
        for name in parts[:-1]:
            node = self._live[node, name]
        return node, parts[-1]

    def _add(self, label: str, step: Step) -> None:
        self.labels.append(label)
        self.steps.append(step)
        step(self._now)

    def _on(self, fd: Any, kind: str, offset: int, piece: bytes = b"") -> None:
        node = self._inodes.get(_inode(os.fstat(fd)))
        if node is not None:
            self._add(
                f"{kind} {node} at {offset}: {len(piece)}",
                lambda disk: disk.pending_data.setdefault(node, []).append((kind, offset, piece)),
            )

    def _rename(self, label: str, *changes: tuple[Slot, int | None], is_ordered: bool = False) -> None:
        for slot, node in changes:
            if node is None:
                del self._live[slot]
            else:
                self._live[slot] = node

        def apply(disk: Disk) -> None:
            steps = [NameStep(slot, node) for slot, node in changes]
            if is_ordered:
                steps[1].after = steps[0]
            disk.pending_names.extend(steps)

        self._add(label, apply)

    def _made(self, path: Any, dir_fd: int | None, *, is_folder: bool) -> None:
        slot = self._slot(path, dir_fd)
        if slot is None:
            return
        node = self._new(os.stat(path, dir_fd=dir_fd, follow_symlinks=False), is_folder)

        def make(disk: Disk) -> None:
            if is_folder:
                disk.folders.add(node)
            else:
                disk.data[node] = b""

        self._add(f"make {node}", make)
        self._rename(f"name {slot[1]}", (slot, node))

    def _moved(self, source: Any, target: Any, source_fd: int | None, target_fd: int | None) -> None:
        one, other = self._slot(source, source_fd), self._slot(target, target_fd)
        if one is not None and other is not None:
            self._rename(f"move {one[1]} to {other[1]}", (other, self._live[one]), (one, None), is_ordered=True)

    def _linked(self, source: Any, target: Any, source_fd: int | None, target_fd: int | None) -> None:
        one, other = self._slot(source, source_fd), self._slot(target, target_fd)
        if one is not None and other is not None:
            self._rename(f"link {one[1]} as {other[1]}", (other, self._live[one]))

    def _removed(self, path: Any, dir_fd: int | None) -> None:
        slot = self._slot(path, dir_fd)
        if slot is not None:
            self._rename(f"remove {slot[1]}", (slot, None))

    def _synced(self, fd: int) -> None:
        node = self._inodes.get(_inode(os.fstat(fd)))
        if node is None:
            return
        if not self._is_folder[node]:
            real = Path(f"/proc/self/fd/{fd}").read_bytes()
            if real != self._content(node):  # it came through a buffered file
                self._on(fd, "cut", 0)
                self._on(fd, "write", 0, real)
        mtime_ns = os.fstat(fd).st_mtime_ns

        def sync(disk: Disk) -> None:
            disk.sync(node)
            disk.times[node] = mtime_ns

        self._add(f"sync {node}", sync)


def _inode(facts: os.stat_result) -> tuple[int, int]:
    return facts.st_dev, facts.st_ino


def _exists(path: Any, dir_fd: int | None) -> bool:
    try:
        os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _folders(
    src_dir_fd: int | None = None, dst_dir_fd: int | None = None, **_: object
) -> tuple[int | None, int | None]:
    return src_dir_fd, dst_dir_fd


def _below(
    source: Path, target: Path, source_fd: int | None, target_fd: int | None
) -> tuple[Path | str, Path | str, int | None, int | None]:
    """What a rename is about: with a descriptor of its folder, only the last part of a path counts."""
    return (
        source if source_fd is None else source.name,
        target if target_fd is None else target.name,
        source_fd,
        target_fd,
    )
