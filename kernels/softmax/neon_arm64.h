// Instructions that the Go assembler lacks; in the order of its operands, the destination last.

#define FADD_4S(vm, vn, vd) WORD $(0x4E20D400 | (vm)<<16 | (vn)<<5 | (vd)) // FADD Vd.4S, Vn.4S, Vm.4S
#define FMUL_4S(vm, vn, vd) WORD $(0x6E20DC00 | (vm)<<16 | (vn)<<5 | (vd)) // FMUL Vd.4S, Vn.4S, Vm.4S
#define FMAX_4S(vm, vn, vd) WORD $(0x4E20F400 | (vm)<<16 | (vn)<<5 | (vd)) // FMAX Vd.4S, Vn.4S, Vm.4S: a NaN in either makes one
#define FMAXV_4S(vn, vd) WORD $(0x6E30F800 | (vn)<<5 | (vd)) // FMAXV Sd, Vn.4S: the largest lane
#define FADD_2D(vm, vn, vd) WORD $(0x4E60D400 | (vm)<<16 | (vn)<<5 | (vd)) // FADD Vd.2D, Vn.2D, Vm.2D
#define FADDP_2D(vn, vd) WORD $(0x7E70D800 | (vn)<<5 | (vd)) // FADDP Dd, Vn.2D: the sum of both lanes
#define FCVTL_2D(vn, vd) WORD $(0x0E617800 | (vn)<<5 | (vd)) // FCVTL Vd.2D, Vn.2S: the lower two lanes as float64
#define FCVTL2_2D(vn, vd) WORD $(0x4E617800 | (vn)<<5 | (vd)) // FCVTL2 Vd.2D, Vn.4S: the upper two
