"""The whole: real coordinator and adapter processes, with simulated boxes or real Asterisk.

Every test takes `rig` and knows of boxes, phones, callers and the coordinator's API only.
"""
