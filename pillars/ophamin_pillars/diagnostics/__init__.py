"""What a system under test does with evidence and with its own parameters: conformal forecasts, inertia, coupling.

Each module states in its docstring what is tested against which null, and which errors its calls control.
"""
