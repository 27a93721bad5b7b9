"""What the parts of a step are called, in their order, as `benchmarks.breakdown` makes them."""

STEP_WORDS = {
    "input": "waiting for input",
    "pull": "reading the variables",
    "compute": "computing",
    "straggle": "waiting for the slowest",
    "transfer": "transfer",
    "push": "handing gradients over",
    "update": "updating",
    "queue": "waiting for the coordinator",
    "call": "between two calls",
    "rest": "the rest",
}
