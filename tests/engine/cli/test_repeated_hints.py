"""An error is not repeated as its own hint: on the terminal, in JSON, in a job."""

import pytest
from foreign_images import jso
from queue_desk import Desk

from discpress.engine.errors import DiscpressError
from discpress.engine.images.open import open_image

NAME = "Okami [t-en by X] [red].jso"
JSO = jso()


def test_a_hint_that_the_message_contains_is_none() -> None:
    assert DiscpressError("a.cue: cannot be read: make one CHD of it", hint="make one CHD of it").hint == ""
    assert DiscpressError("a.cue: cannot be read", hint="make one CHD of it").hint == "make one CHD of it"


def test_the_advice_about_another_format_is_given_once(desk: Desk) -> None:
    path = desk.image(NAME, JSO)
    with pytest.raises(DiscpressError) as caught:
        open_image(path)
    advice = str(caught.value).partition("cannot be read: ")[2]
    assert advice
    assert desk.say("convert", NAME)[2].count(advice) == 1
    (error,) = [event for event in desk.ask("convert", NAME)[1] if event["event"] == "error"]
    assert (error["message"].count(advice), error["hint"]) == (1, "")


def test_a_job_has_it_once(desk: Desk) -> None:
    path = desk.image(NAME, JSO)
    with pytest.raises(DiscpressError) as caught:
        open_image(path)
    (number,) = desk.queued(NAME)
    desk.queue.start(number)
    desk.queue.fail(number, caught.value)
    job = desk.queue.job(number)
    assert (job.error_message, job.error_hint) == (str(caught.value), "")
