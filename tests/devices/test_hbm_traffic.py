"""HBM traffic of HLO text as libtpu's compiler writes it, shortened; sizes are counted by hand."""

import pytest

from maskgan_jax.devices.hbm_traffic import hbm_traffic
from maskgan_jax.devices.hlo import array_bytes

KILO = 1024


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ("ROOT %y = f32[256]{0:T(256)} add(%x, %x2)", 3 * KILO),
        ("ROOT %y = bf16[256]{0:T(256)} convert(%x)", 1.5 * KILO),
        ("ROOT %y = f32[256]{0:T(256)S(1)} negate(%x)", KILO),  # the result stays in VMEM
        ("ROOT %y = f32[16,16]{1,0} bitcast(%x)", 0),
        ("ROOT %y = f32[64]{0} slice(%x), slice={[0:64]}", 0.5 * KILO),
        ("ROOT %y = f32[256]{0} dynamic-update-slice(%x, %part, %zero)", 2 * 64),
        (
            "%s = (f32[256]{0}, f32[256]{0:S(1)}, u32[]{:S(2)}) copy-start(%x)\n"
            "ROOT %y = f32[256]{0:S(1)} copy-done(%s)",
            KILO,
        ),
        (
            "%s = ((f32[256]{0}), f32[16]{0:S(1)}, s32[]{:S(2)}) slice-start(%x), slice={[0:16]}\n"
            "ROOT %y = f32[16]{0:S(1)} slice-done(%s)",
            64,
        ),
        (
            "%s = (f32[256]{0}, f32[1024]{0}) all-gather-start(%x), dimensions={0}\n"
            "ROOT %y = f32[1024]{0} all-gather-done(%s)",
            5 * KILO,
        ),
        ("ROOT %y = f32[256]{0} fusion(%x, %x2), kind=kLoop, calls=%sum", 3 * KILO),
        ("ROOT %y = f32[16]{0} fusion(%x, %part), kind=kLoop, calls=%sum_of_a_part", 3 * 64),
        ("ROOT %y = f32[256]{0} fusion(%x, %part), kind=kLoop, calls=%update", 2 * 64),
        ("ROOT %y = (f32[256]{0}, f32[16]{0}) fusion(%x, %part), kind=kLoop, calls=%update_and_more", 3 * 64),
        (
            "ROOT %y = (f32[256]{0:S(1)}, f32[16]{0}) fusion(%x, %part), kind=kLoop, calls=%update_and_more",
            2 * 64,  # the updated array is in VMEM: the part is read, the other result written
        ),
        ("ROOT %y = f32[256]{0} fusion(%part), kind=kLoop, calls=%update_of_zeros", 64 + KILO),
        ("ROOT %y = f32[64]{0} gather(%x, %part), slice_sizes={1}", 0.5 * KILO),
        ("ROOT %y = f32[64]{0} dynamic-slice(%x, %zero), dynamic_slice_sizes={64}", 0.5 * KILO),
        ("ROOT %y = f32[256]{0} call(%x), to_apply=%twice", 2 * KILO),
        ("ROOT %y = f32[256]{0} conditional(%zero, %x, %x), branch_computations={%twice, %twice}", 4 * KILO),
        ("ROOT %y = f32[256]{0} conditional(%p, %x), true_computation=%twice, false_computation=%twice", 4 * KILO),
        ('ROOT %y = f32[256]{0} custom-call(), custom_call_target="AllocateBuffer"', 0),
        ("ROOT %y = u32[] partition-id()", 0),
        (
            'ROOT %y = f32[256]{0} while(%x), condition=%below, body=%twice, backend_config={"known_trip_count":'
            '{"n":"3"},"other":{}}',
            3 * 2 * KILO,
        ),
    ],
)
def test_what_an_operation_moves(instructions: str, expected: float):
    assert hbm_traffic(PROGRAM.replace("BODY", instructions.replace("\n", "\n  "))) == expected


PROGRAM = """
HloModule jit_step, is_scheduled=true

%sum (a: f32[256], b: f32[256]) -> f32[256] {
  %a = f32[256]{0} parameter(0)
  %b = f32[256]{0} parameter(1)
  %c = f32[256]{0} multiply(%a, %b), metadata={op_name="jit(step)/multiply(%a)"}
  ROOT %d = f32[256]{0} add(%a, %c)
}

%sum_of_a_part (a: f32[256], b: f32[16]) -> f32[16] {
  %b = f32[16]{0} parameter(1)
  %a = f32[256]{0} parameter(0)
  %view = f32[256,1]{1,0} bitcast(%a)
  %part = f32[16]{0} slice(%view), slice={[0:16], [0:1]}
  ROOT %d = f32[16]{0} add(%part, %b)
}

%update (a: f32[256], b: f32[16]) -> f32[256] {
  %a = f32[256]{0} parameter(0)
  %b = f32[16]{0} parameter(1)
  %zero = s32[] constant(0)
  %new = f32[256]{0} dynamic-update-slice(%a, %b, %zero)
  ROOT %view = f32[256]{0} bitcast(%new)
}

%update_of_zeros (b: f32[16]) -> f32[256] {
  %b = f32[16]{0} parameter(0)
  %zero = f32[] constant(0)
  %a = f32[256]{0} broadcast(%zero), dimensions={}
  ROOT %new = f32[256]{0} dynamic-update-slice(%a, %b, %zero)
}

%update_and_more (a: f32[256], b: f32[16]) -> (f32[256], f32[16]) {
  %a = f32[256]{0} parameter(0)
  %b = f32[16]{0} parameter(1)
  %zero = s32[] constant(0)
  %new = f32[256]{0} dynamic-update-slice(%a, %b, %zero)
  %c = f32[16]{0} negate(%b)
  ROOT %both = (f32[256]{0}, f32[16]{0}) tuple(%new, %c)
}

%below (x: f32[256]) -> pred[] {
  %x = f32[256]{0} parameter(0)
  ROOT %yes = pred[] constant(true)
}

%twice (x: f32[256]) -> f32[256] {
  %x = f32[256]{0} parameter(0)
  ROOT %y = f32[256]{0} fusion(%x), kind=kLoop, calls=%doubled
}

%doubled (x: f32[256]) -> f32[256] {
  %x = f32[256]{0} parameter(0)
  ROOT %y = f32[256]{0} add(%x, %x)
}

ENTRY %main (x: f32[256], x2: f32[256], part: f32[16]) -> f32[256] {
  %x = f32[256]{0:T(256)} parameter(0)
  %x2 = f32[256]{0:T(256)} parameter(1)
  %part = f32[16]{0:T(128)} parameter(2)
  %zero = s32[] constant(0)
  %p = pred[] constant(true)
  BODY
}
"""


def test_sizes_of_shapes():
    assert array_bytes("f32[2,3]{1,0}") == 24
    assert array_bytes("(bf16[4]{0:T(128)(2,1)S(1)}, /*index=1*/pred[5]{0}, u32[]{:S(2)})") == 8 + 5 + 4
    assert array_bytes("(bf16[4]{0:T(128)(2,1)S(1)}, /*index=1*/pred[5]{0}, u32[]{:S(2)})", hbm_only=True) == 5
