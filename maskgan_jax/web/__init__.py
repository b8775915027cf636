"""The editor in the browser: a server with one queue in front of the device, and its page."""
