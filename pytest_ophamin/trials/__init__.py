"""What was observed: trials, their random streams, their observations, and the sample these make."""
