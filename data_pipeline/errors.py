"""What a user can get wrong."""


class UserError(Exception):
    """Input that can't be used; the message is one line: what, where, and what to do instead."""
