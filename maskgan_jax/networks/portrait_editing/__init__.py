"""Networks of mask-guided portrait editing (Gu et al., CVPR 2019); "published code" is the authors'.

"Part" is one of the five components of a face: left eye, right eye, mouth, skin (with nose and brows) and hair.
"""
