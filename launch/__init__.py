"""Ways to start MaskGAN."""
