"""What the parsing loss does for portrait editing, and what its faces do for a parser."""
