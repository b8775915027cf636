"""Devices: mesh and shardings, several hosts, what is known of the hardware."""
