"""Runs that a job in a cluster's queue does (`engine=slurm`).

`submitting` checks a run and queues a job for it; inside that job the same launcher runs it
(`in_job`), and queues the job again where Slurm ends it before the run has ended (`next_start`).
Any launcher follows the run to its end meanwhile (`following`; a later one by `attach=<folder>`,
`attaching`), with `patience` where Slurm's controller is silent. Those outside and those inside
never talk: they meet in files of the run's folder (`files`).
"""
