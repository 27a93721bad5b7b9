"""What is measured, and what follows from it: workloads, the recorder, a run's summary."""
