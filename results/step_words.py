"""What the parts of a step are called, in their order, as `benchmarks.breakdown` makes them."""

STEP_WORDS = {
    "input": "waiting for input",
    "compute": "computing",
    "straggle": "waiting for the slowest",
    "transfer": "transfer",
    "update": "updating",
    "queue": "waiting for the coordinator",
    "rest": "the rest",
}
