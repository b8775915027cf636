"""Collectives as they stand in HLO text that libtpu's compiler wrote, shortened."""

import pytest

from maskgan_jax.devices.collectives import Collective, read_collectives

SYNCHRONOUS = """
HloModule jit_step, is_scheduled=true

ENTRY %main (p: f32[16], q: bf16[4,8]) -> (f32[16], bf16[4,8]) {
  %p = f32[16]{0:T(128)} parameter(0)
  %q = bf16[4,8]{1,0:T(8,128)(2,1)} parameter(1), metadata={op_name="jit(step) all-reduce(%p) of q"}
  %sum.1 = (f32[16]{0:T(128)}, /*index=1*/bf16[4,8]{1,0:T(8,128)(2,1)}) all-reduce(%p, /*index=1*/%q), to_apply=%a
  %get-tuple-element = f32[16]{0} get-tuple-element(%sum.1), index=0
  %all-gather.2 = f32[128]{0:T(128)} all-gather(%get-tuple-element), channel_id=2, dimensions={0}
  ROOT %reduce-scatter = f32[2]{0} reduce-scatter(%p), channel_id=3, dimensions={0}, to_apply=%add
}
"""

ASYNCHRONOUS = """
ENTRY %main (p: f32[256]) -> f32[256] {
  %p = f32[256]{0} parameter(0)
  %all-reduce-start = f32[256]{0} all-reduce-start(%p), channel_id=1, to_apply=%add
  %fusion.1 = f32[256]{0} fusion(%p), kind=kLoop, calls=%fused_computation
  %all-reduce-done = f32[256]{0} all-reduce-done(%all-reduce-start)
  %all-gather-start.2 = (f32[256]{0}, f32[1024]{0}) all-gather-start(%fusion.1), channel_id=2, dimensions={0}
  %bitcast = f32[16,16]{1,0} bitcast(%p)
  %all-gather-done.2 = f32[1024]{0} all-gather-done(%all-gather-start.2)
  %collective-permute-start = (pred[8]{0}, pred[8]{0}, u32[]{:S(2)}) collective-permute-start(%mask), channel_id=3
  %convolution = f32[256]{0} convolution(%p, %p), window={size=3}
  ROOT %collective-permute-done = pred[8]{0} collective-permute-done(%collective-permute-start)
}
"""

IN_FUSIONS = """
%fused_computation.1 (param_0: bf16[4,8]) -> (bf16[4,8], bf16[32,8]) {
  %param_0 = bf16[4,8]{1,0} parameter(0)
  %all-gather.1 = bf16[32,8]{1,0} all-gather(%param_0), channel_id=6, frontend_attributes={chain_id="0"}
  ROOT %custom-call = (bf16[4,8]{1,0}, bf16[32,8]{1,0}) custom-call(%all-gather.1)
}

%fused_computation.2 (param_1: bf16[4,8]) -> bf16[32,8] {
  %param_1 = bf16[4,8]{1,0} parameter(0)
  ROOT %all-gather.2 = bf16[32,8]{1,0} all-gather(%param_1), channel_id=6, frontend_attributes={chain_id="0"}
}

%all-reduce-scatter.3 (input: f32[64,2]) -> f32[8,2] {
  %input = f32[64,2]{1,0} parameter(0)
  %all-reduce.3 = f32[64,2]{1,0} all-reduce(%input), channel_id=7, to_apply=%add
  ROOT %dynamic-slice = f32[8,2]{1,0} dynamic-slice(%all-reduce.3, %offset, %zero), dynamic_slice_sizes={8,2}
}
"""


def test_each_counts_the_larger_of_its_operands_and_results():
    assert read_collectives(SYNCHRONOUS) == [
        Collective("all-reduce", 16 * 4 + 4 * 8 * 2, overlapped=False),
        Collective("all-gather", 128 * 4, overlapped=False),
        Collective("reduce-scatter", 16 * 4, overlapped=False),
    ]


def test_one_overlaps_where_work_stands_between_its_start_and_its_end():
    assert read_collectives(ASYNCHRONOUS) == [
        Collective("all-reduce", 256 * 4, overlapped=True),
        Collective("all-gather", 1024 * 4, overlapped=False),
        Collective("collective-permute", 8, overlapped=True),
    ]


def test_steps_of_one_collective_in_several_fusions_count_once():
    assert read_collectives(IN_FUSIONS) == [
        Collective("all-gather", 32 * 8 * 2, overlapped=True),
        Collective("reduce-scatter", 64 * 2 * 4, overlapped=False),
    ]


@pytest.mark.parametrize(("kind", "sent"), [("all-reduce", 200), ("all-gather", 100), ("collective-permute", 100)])
def test_an_all_reduce_sends_each_byte_twice(kind, sent):
    assert Collective(kind, 100, overlapped=False).sent == sent
