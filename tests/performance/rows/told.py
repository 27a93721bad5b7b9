"""How rows of the README's table tell numbers that many of them have."""


def ratio(of: dict[str, float]) -> str:
    """`1.23 × (1.20 to 1.26)`."""
    return f"{of['ratio']:.2f} × ({of['low']:.2f} to {of['high']:.2f})"
