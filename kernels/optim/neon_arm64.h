// Instructions that the Go assembler lacks; in the order of its operands, the destination last.

#define FADD_4S(vm, vn, vd) WORD $(0x4E20D400 | (vm)<<16 | (vn)<<5 | (vd)) // FADD Vd.4S, Vn.4S, Vm.4S
#define FSUB_4S(vm, vn, vd) WORD $(0x4EA0D400 | (vm)<<16 | (vn)<<5 | (vd)) // FSUB Vd.4S, Vn.4S, Vm.4S: n - m
#define FMUL_4S(vm, vn, vd) WORD $(0x6E20DC00 | (vm)<<16 | (vn)<<5 | (vd)) // FMUL Vd.4S, Vn.4S, Vm.4S
#define FDIV_4S(vm, vn, vd) WORD $(0x6E20FC00 | (vm)<<16 | (vn)<<5 | (vd)) // FDIV Vd.4S, Vn.4S, Vm.4S: n / m
#define FSQRT_4S(vn, vd) WORD $(0x6EA1F800 | (vn)<<5 | (vd)) // FSQRT Vd.4S, Vn.4S
