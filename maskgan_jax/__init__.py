"""MaskGAN in JAX and Flax: paint on the mask of a face, get the edited photo (Lee et al., CVPR 2020)."""

import os

# Of XLA's and TensorFlow's own log only errors; read when they are first imported, JAX's default includes warnings.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# XLA's older convolutions on CPUs (Eigen) instead of its newer ones (YNN), where the gradients of kernels take up to 13
# times as long. Read when JAX first computes something; nothing to GPUs and TPUs. A setting of the user's own stands.
_CPU_CONVOLUTIONS = "--xla_cpu_experimental_ynn_fusion_type"
if _CPU_CONVOLUTIONS not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_CPU_CONVOLUTIONS}=".strip()
