"""Tasks on a Ray cluster: a placement group of one bundle and one actor a task.

    launcher ══ pipes ══ driver (Ray's side) ══ actor (one a task) ══ pipes ══ agent ─▶ task

Only the driver, a process of its own, and the actors import Ray: what Ray prints, the threads that
it starts, and its habit of ending the process that loses the cluster stay out of the launcher.
"""
