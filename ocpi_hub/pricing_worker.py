"""Answers questions about CDRs on its standard input: `python -m ocpi_hub.pricing_worker`."""

from __future__ import annotations

import os
import pickle
import sys
from typing import BinaryIO

from ocpi_hub.repricing import Answer, Question, answer

# Forwarding goes before pricing where the machine is busy.
_NICENESS = 5

SIZE = 8
# What it says first: everything is loaded.
READY = bytes(SIZE)


def framed(value: Question | Answer) -> bytes:
    """A question or an answer on its way: its size in SIZE bytes, then itself."""
    content = pickle.dumps(value)
    return len(content).to_bytes(SIZE) + content


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer one question after another, until there are no more."""
    answers.write(READY)
    answers.flush()
    while size := questions.read(SIZE):
        question = pickle.loads(questions.read(int.from_bytes(size)))  # noqa: S301 - from the hub
        answers.write(framed(answer(question)))
        answers.flush()


if __name__ == "__main__":
    os.nice(_NICENESS)
    serve(sys.stdin.buffer, sys.stdout.buffer)
