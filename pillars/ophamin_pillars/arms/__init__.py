"""Two independent arms: differences and ratios of proportions and means, shifts of location, permutation tests."""
