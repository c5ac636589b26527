"""Is a process in the state it was in? Control charts, sample ratio, drift detectors and change points.

Each module is one method: pure functions of numpy arrays, results as frozen values, findings as data.
"""
