"""Jobs whose bottleneck is known by construction: `python -m tests.planted` judges the judge."""
