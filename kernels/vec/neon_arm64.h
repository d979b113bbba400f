// Instructions that the Go assembler lacks; in the order of its operands, the destination last.

#define FADD_4S(vm, vn, vd) WORD $(0x4E20D400 | (vm)<<16 | (vn)<<5 | (vd)) // FADD Vd.4S, Vn.4S, Vm.4S
#define FSUB_4S(vm, vn, vd) WORD $(0x4EA0D400 | (vm)<<16 | (vn)<<5 | (vd)) // FSUB Vd.4S, Vn.4S, Vm.4S: n - m
#define FMUL_4S(vm, vn, vd) WORD $(0x6E20DC00 | (vm)<<16 | (vn)<<5 | (vd)) // FMUL Vd.4S, Vn.4S, Vm.4S
#define FDIV_4S(vm, vn, vd) WORD $(0x6E20FC00 | (vm)<<16 | (vn)<<5 | (vd)) // FDIV Vd.4S, Vn.4S, Vm.4S: n / m
#define FMAX_4S(vm, vn, vd) WORD $(0x4E20F400 | (vm)<<16 | (vn)<<5 | (vd)) // FMAX Vd.4S, Vn.4S, Vm.4S: a NaN in either makes one
#define FMIN_4S(vm, vn, vd) WORD $(0x4EA0F400 | (vm)<<16 | (vn)<<5 | (vd)) // FMIN Vd.4S, Vn.4S, Vm.4S: a NaN in either makes one
#define FCMGT_4S(vm, vn, vd) WORD $(0x6EA0E400 | (vm)<<16 | (vn)<<5 | (vd)) // FCMGT Vd.4S, Vn.4S, Vm.4S: all bits of the lanes where n > m
#define FCMEQ_4S(vm, vn, vd) WORD $(0x4E20E400 | (vm)<<16 | (vn)<<5 | (vd)) // FCMEQ Vd.4S, Vn.4S, Vm.4S: all bits of the lanes where n = m
#define FSQRT_4S(vn, vd) WORD $(0x6EA1F800 | (vn)<<5 | (vd)) // FSQRT Vd.4S, Vn.4S
#define UCVTF_4S(vn, vd) WORD $(0x6E21D800 | (vn)<<5 | (vd)) // UCVTF Vd.4S, Vn.4S: the float32 of an unsigned integer
#define FRINTN_4S(vn, vd) WORD $(0x4E218800 | (vn)<<5 | (vd)) // FRINTN Vd.4S, Vn.4S: to the nearest integer, ties to even
#define FCVTNS_4S(vn, vd) WORD $(0x4E21A800 | (vn)<<5 | (vd)) // FCVTNS Vd.4S, Vn.4S: the same, as an integer
#define SSHR1_4S(vn, vd) WORD $(0x4F3F0400 | (vn)<<5 | (vd)) // SSHR Vd.4S, Vn.4S, #1
#define FCVTL_2D(vn, vd) WORD $(0x0E617800 | (vn)<<5 | (vd)) // FCVTL Vd.2D, Vn.2S: the lower two lanes as float64
#define FCVTL2_2D(vn, vd) WORD $(0x4E617800 | (vn)<<5 | (vd)) // FCVTL2 Vd.2D, Vn.4S: the upper two
