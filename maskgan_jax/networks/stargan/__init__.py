"""The networks of StarGAN (Choi et al., CVPR 2018), as in the published code."""
