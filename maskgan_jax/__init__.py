"""MaskGAN in JAX and Flax: paint on the mask of a face, get the edited photo (Lee et al., CVPR 2020)."""
