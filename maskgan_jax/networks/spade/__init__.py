"""The networks of SPADE (Park et al., Semantic Image Synthesis with Spatially-Adaptive Normalization, CVPR 2019).

Its discriminator is `networks.discriminator` with the norm `spectral_instance`. "Code" is the published one.
"""
