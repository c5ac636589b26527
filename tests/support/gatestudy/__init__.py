"""The study of benchmark gates beside pytest-benchmark's own comparison; ``tests/statistical/gate_study.py`` runs it.

``projects``: what is measured. ``machine``: who else is at work. ``gate`` and ``peer``: one fresh session of either
tool. ``kinds``: what sessions there are. ``journal``: where they are kept. ``boundary``: recorded pairs, decided anew.
``report``: the tables.
"""
