"""The error of every package for what a user can mend."""


class UserError(Exception):
    """Input that can't be used. The message is one line: what, where, and what to do instead."""
