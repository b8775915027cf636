"""Photos: image files, face detection, alignment, scaling, compositing, image grids."""
