"""`engine=given`: somebody else has started the processes, one for each task, all with the same
command line; which task each of them is, TF_CONFIG or its number says.

Each process's launcher starts only its own task. They hear of each other from files in the run's
folder, which all of them share: the chief's launcher leads the run as it would anywhere, the others
do what it asks (`launcher.following`).
"""

GIVEN = "given"
"""The engine's name."""
TF_CONFIG = "TF_CONFIG"
"""The variable in which a platform says which cluster there is, and which of its tasks this is."""
KEPT_TF_CONFIG = "DISTRIBUTE_BENCH_TF_CONFIG"
"""Where the launcher keeps what the platform set: tasks get a TF_CONFIG made for them, and those
that are part of no cluster get none."""
CHIEF = "chief-0"
