"""The networks of MaskGAN, one file each; facts from the authors' published inference code."""
