"""The networks of EBGAN and Att-EBGAN (Guo et al., Exemplar-based Generative Facial Editing).

The paper gives what they read and return, but none of their layers; these are AttGAN's (He et al., TIP 2019), whose
weights of the losses the paper has too.
"""
