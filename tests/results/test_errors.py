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


IN_TF_DATA = """{{function_node __wrapped__IteratorGetNext_device_/job:localhost/CPU:0}} \
ValueError: example 200 is
broken
Traceback (most recent call last):

  File "/lib/python3.11/site-packages/tensorflow/python/ops/script_ops.py", line 269, in __call__
    ret = func(*args)
          ^^^^^^^^^^^

  File "/home/me/mine.py", line 16, in examples
    if i==200: raise ValueError("example 200 is\\nbroken")

  File "/lib/python3.11/site-packages/numpy/load.py", line 3, in load

ValueError: example 200 is
broken


\t [[{{node PyFunc}}]] [Op:IteratorGetNext] name: """
IN_A_MAP = """{{function_node __wrapped__IteratorGetNext_device_/job:localhost/CPU:0}} \
Error in user-defined function passed to MapDataset:1 transformation with iterator: \
Iterator::Root::Map::Zip[1]::BatchV2::Map: bad : Tensor had Inf values
\t [[{{node CheckNumerics}}]] [Op:IteratorGetNext] name: """
VANISHED = (
    "{{function_node __wrapped__IteratorGetNext_device_/job:localhost/CPU:0}} /data/2.tfr; "
    "No such file or directory [Op:IteratorGetNext] name: "
)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (OWN, ("ValueError", "planted (mine.py:3)")),
        (IN_TF_DATA, ("ValueError", "example 200 is broken (mine.py:16)")),
        (IN_A_MAP, ("RuntimeError", "bad : Tensor had Inf values")),
        (VANISHED, ("RuntimeError", "/data/2.tfr; No such file or directory")),
    ],
)
def test_what_python_raised_in_tensorflow_keeps_its_name_and_place(message, expected):
    assert described(RuntimeError(message)) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (LOST_PEER, "Collective ops is aborted by: recvmsg:Connection reset by peer"),
        ("Graph execution error:\n", "Graph execution error:"),
        ("plain  words\nover lines", "plain words over lines"),
        ("x" * 600, "x" * 499 + "…"),
    ],
)
def test_exception_is_told_without_the_way_to_it(message, expected):
    assert described(RuntimeError(message)) == ("RuntimeError", expected)
