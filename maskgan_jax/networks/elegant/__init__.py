"""The networks of ELEGANT (Xiao, Hong and Ma, ECCV 2018), as the authors published them.

All convolutions have 3x3 kernels and stride 2; pixels are normalised by the length of their channels.
"""
