"""Systems that set an attribute of a face, on rendered faces: trained, and judged by a classifier of their own."""
