"""What exceptions say, in a line that a person can read."""

import pytest

from results.errors import described

LOST_PEER = """Graph execution error:

Detected at node while/CollectiveReduceV2 defined at (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main

  File "/home/me/train.py", line 178, in train

Collective ops is aborted by: Collective ops is aborted by: recvmsg:Connection reset by peer
Additional GRPC error information from remote target /job:worker/replica:0/task:1 while calling:
:UNKNOWN:Error received from peer  {grpc_status:14}
The error could be from a previous operation. Restart your program to reset.
\t [[{{node while/CollectiveReduceV2}}]] [Op:__inference_call_794]"""
OWN = """Graph execution error:

Detected at node PyFunc defined at (most recent call last):
<stack traces unavailable>
ValueError: planted
Traceback (most recent call last):

  File "/home/me/mine.py", line 3, in __call__
\t [[{{node PyFunc}}]]"""


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (LOST_PEER, "Collective ops is aborted by: recvmsg:Connection reset by peer"),
        (
            OWN,
            'ValueError: planted Traceback (most recent call last): File "/home/me/mine.py", '
            "line 3, in __call__ […]",
        ),
        ("Graph execution error:\n", "Graph execution error:"),
        ("plain  words\nover lines", "plain words over lines"),
        ("x" * 600, "x" * 499 + "…"),
    ],
)
def test_exception_is_told_without_the_way_to_it(message, expected):
    assert described(RuntimeError(message)) == ("RuntimeError", expected)
