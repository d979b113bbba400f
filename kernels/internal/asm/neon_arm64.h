// Instructions that the Go assembler lacks, named after theirs with the arrangement of the lanes; operands are numbers of registers, in the
// order of the Go assembler, the destination last.

// The first operand is the second source: vd = vn - vm, vn / vm, vn > vm, vn | ^vm. A NaN in either source makes FMAX and FMIN one.
#define FADD_4S(vm, vn, vd)  WORD $(0x4E20D400 | (vm)<<16 | (vn)<<5 | (vd)) // FADD Vd.4S, Vn.4S, Vm.4S
#define FSUB_4S(vm, vn, vd)  WORD $(0x4EA0D400 | (vm)<<16 | (vn)<<5 | (vd)) // FSUB Vd.4S, Vn.4S, Vm.4S
#define FMUL_4S(vm, vn, vd)  WORD $(0x6E20DC00 | (vm)<<16 | (vn)<<5 | (vd)) // FMUL Vd.4S, Vn.4S, Vm.4S
#define FDIV_4S(vm, vn, vd)  WORD $(0x6E20FC00 | (vm)<<16 | (vn)<<5 | (vd)) // FDIV Vd.4S, Vn.4S, Vm.4S
#define FMAX_4S(vm, vn, vd)  WORD $(0x4E20F400 | (vm)<<16 | (vn)<<5 | (vd)) // FMAX Vd.4S, Vn.4S, Vm.4S
#define FMIN_4S(vm, vn, vd)  WORD $(0x4EA0F400 | (vm)<<16 | (vn)<<5 | (vd)) // FMIN Vd.4S, Vn.4S, Vm.4S
#define FCMGT_4S(vm, vn, vd) WORD $(0x6EA0E400 | (vm)<<16 | (vn)<<5 | (vd)) // FCMGT Vd.4S, Vn.4S, Vm.4S
#define FCMGE_4S(vm, vn, vd) WORD $(0x6E20E400 | (vm)<<16 | (vn)<<5 | (vd)) // FCMGE Vd.4S, Vn.4S, Vm.4S
#define FCMEQ_4S(vm, vn, vd) WORD $(0x4E20E400 | (vm)<<16 | (vn)<<5 | (vd)) // FCMEQ Vd.4S, Vn.4S, Vm.4S
#define ORN_16B(vm, vn, vd)  WORD $(0x4EE01C00 | (vm)<<16 | (vn)<<5 | (vd)) // ORN Vd.16B, Vn.16B, Vm.16B
#define FADD_2D(vm, vn, vd)  WORD $(0x4E60D400 | (vm)<<16 | (vn)<<5 | (vd)) // FADD Vd.2D, Vn.2D, Vm.2D

// FMLA_4S multiplies the vector vn by lane i of vm and adds it to vd.
#define FMLA_4S(vm, i, vn, vd) WORD $(0x4F801000 | ((i)&1)<<21 | ((i)>>1)<<11 | (vm)<<16 | (vn)<<5 | (vd)) // FMLA Vd.4S, Vn.4S, Vm.S[i]

#define FSQRT_4S(vn, vd)  WORD $(0x6EA1F800 | (vn)<<5 | (vd)) // FSQRT Vd.4S, Vn.4S
#define FRINTN_4S(vn, vd) WORD $(0x4E218800 | (vn)<<5 | (vd)) // FRINTN Vd.4S, Vn.4S: to the nearest integer, ties to even
#define FCVTNS_4S(vn, vd) WORD $(0x4E21A800 | (vn)<<5 | (vd)) // FCVTNS Vd.4S, Vn.4S: the same, as an integer
#define UCVTF_4S(vn, vd)  WORD $(0x6E21D800 | (vn)<<5 | (vd)) // UCVTF Vd.4S, Vn.4S: an unsigned integer as a float
#define SSHR1_4S(vn, vd)  WORD $(0x4F3F0400 | (vn)<<5 | (vd)) // SSHR Vd.4S, Vn.4S, #1
#define FMAXV_4S(vn, vd)  WORD $(0x6E30F800 | (vn)<<5 | (vd)) // FMAXV Sd, Vn.4S: the largest lane
#define FMINV_4S(vn, vd)  WORD $(0x6EB0F800 | (vn)<<5 | (vd)) // FMINV Sd, Vn.4S: the smallest
#define FCVTL_2D(vn, vd)  WORD $(0x0E617800 | (vn)<<5 | (vd)) // FCVTL Vd.2D, Vn.2S: the lower two lanes as float64
#define FCVTL2_2D(vn, vd) WORD $(0x4E617800 | (vn)<<5 | (vd)) // FCVTL2 Vd.2D, Vn.4S: the upper two
#define FADDP_2D(vn, vd)  WORD $(0x7E70D800 | (vn)<<5 | (vd)) // FADDP Dd, Vn.2D: the sum of both lanes

// BFMMLA adds to vd, 2×2 floats, the product of vn, 2×4 bfloat16 numbers, and of the transpose of vm, 2×4 too. It is no part of NEON: a
// processor must have FEAT_BF16.
#define BFMMLA_4S(vm, vn, vd) WORD $(0x6E40EC00 | (vm)<<16 | (vn)<<5 | (vd)) // BFMMLA Vd.4S, Vn.8H, Vm.8H
