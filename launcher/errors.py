"""What the launcher says about a configuration that it doesn't run."""

from results.errors import UserError


class NotApplicable(UserError):
    """Values that are fine by themselves make no sense together, or not on this machine.

    An error in a single run; a sweep records the run as "not applicable" and goes on.
    """
