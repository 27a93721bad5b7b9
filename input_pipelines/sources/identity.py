"""Short names for what would be prepared."""

import hashlib
import json
from typing import Any


def identity_of(version: int, **parameters: Any) -> str:
    """A short hash of all that changes the bytes; `version` counts changes of the code."""
    text = json.dumps([version, parameters], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
