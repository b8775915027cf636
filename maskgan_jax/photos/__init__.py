"""Photos: files in and out, face detection, alignment, compositing."""
