"""Checks of a title as jobs: all of it is decoded, and its digests are stored."""

import contextlib

from discpress.engine.dats.index import listed_kinds
from discpress.engine.errors import StoreError, VerifyError
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.doctor.findings import Severity
from discpress.engine.images.open import open_image
from discpress.engine.names import display_name
from discpress.engine.queue.record_digests import DeepDigests, decode_whole, save_decoded
from discpress.engine.queue.tasks.records import DoctorTask, VerifyTask
from discpress.engine.queue.titles.records import CHECKED, check_facts
from discpress.engine.targets import TARGETS
from discpress.engine.worker.turn import Outcome, Turn


def save_check(turn: Turn, damage: str) -> None:
    """Store that the image of a job was decoded whole, and the damage that was found."""
    with contextlib.suppress(StoreError):  # the end of the job is stored as well
        turn.store.append_journal(CHECKED, check_facts(turn.job.path, damage))


def verify(turn: Turn, task: VerifyTask) -> Outcome:
    """Decode a whole image; compare the digests if the task expects any. Raises VerifyError, DiscpressError."""
    expected = dict(task.expected)
    with open_image(turn.job.path) as image:
        wanted = dict.fromkeys((*expected, *listed_kinds(turn.store.file)))
        found = decode_whole(image, turn.threads, turn.control, turn.progress, tuple(wanted))
    actual = found.digests
    if found.decoded is not None:
        save_decoded(turn.store, turn.job.path, found.decoded)
    for name, value in expected.items():
        if actual.values.get(name) != value:
            raise VerifyError(
                f"{display_name(turn.job.path)}: {name} of the decoded image is {actual.values.get(name)}, not {value}",
                hint="the file is damaged, or a different dump of the disc",
            )
    save_check(turn, "")
    return Outcome({**actual.values, "original_bytes": actual.size_bytes})


def examine_whole(turn: Turn, task: DoctorTask) -> Outcome:
    """Decode a whole image and log what the doctor finds. Raises DiscpressError."""
    target = None if task.target is None else TARGETS.get(task.target)
    counts = dict.fromkeys(Severity, 0)
    damages = []
    reader = DeepDigests()
    for finding in examine(turn.job.path, target, deep=True, check=turn.control.check, reader=reader):
        counts[finding.level] += 1
        damages += [finding.message] if finding.is_damage else []
        turn.log(f"{finding.level}: {finding.message}")
    if not damages and reader.decoded is not None:
        try:
            save_decoded(turn.store, turn.job.path, reader.decoded)
        except VerifyError as error:
            counts[Severity.ERROR] += 1
            damages.append(f"{error}; {error.hint}")
            turn.log(f"{Severity.ERROR}: {damages[0]}")
    first = {"damage": damages[0]} if damages else {}
    save_check(turn, damages[0] if damages else "")
    totals = {"errors": counts[Severity.ERROR], "warnings": counts[Severity.WARNING], "damaged": len(damages)}
    return Outcome({**totals, **first})
