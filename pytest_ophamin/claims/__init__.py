"""What was promised: claims as frozen values, their digest, and their registration in ``ophamin.lock``."""
