"""Devices: mesh and shardings, several hosts, facts about the hardware, model FLOPs."""
