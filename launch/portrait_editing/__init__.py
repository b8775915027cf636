"""Mask-guided portrait editing on rendered faces: trained, and measured against true results."""
