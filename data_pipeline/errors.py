"""What a data directory can get wrong."""


class DataError(Exception):
    """Data that can't be used; the message is one line: what, where, and what to do instead."""
