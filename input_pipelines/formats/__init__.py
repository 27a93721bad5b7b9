"""Examples stored in another way: converted once, read by the source `stored`."""
