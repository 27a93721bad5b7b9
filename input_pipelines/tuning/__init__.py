"""The fastest pipeline that gives the same elements: proposed by a model, decided by a race."""
