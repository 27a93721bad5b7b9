"""What the README says of each figure: (figure, measured) pairs from a committed result."""
