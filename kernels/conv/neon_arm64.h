// Instructions that the Go assembler lacks; in the order of its operands, the destination last.

// FMAX Vd.4S, Vn.4S, Vm.4S: a NaN in either makes one
#define FMAX_4S(vm, vn, vd) WORD $(0x4E20F400 | (vm)<<16 | (vn)<<5 | (vd))

// FCMGT Vd.4S, Vn.4S, Vm.4S: all bits of the lanes where n > m
#define FCMGT_4S(vm, vn, vd) WORD $(0x6EA0E400 | (vm)<<16 | (vn)<<5 | (vd))

// FADD Vd.4S, Vn.4S, Vm.4S
#define FADD_4S(vm, vn, vd) WORD $(0x4E20D400 | (vm)<<16 | (vn)<<5 | (vd))

// FMLA_4S multiplies the vector vn by lane i of vm and adds it to vd.
#define FMLA_4S(vm, i, vn, vd) WORD $(0x4F801000 | ((i)&1)<<21 | ((i)>>1)<<11 | (vm)<<16 | (vn)<<5 | (vd)) // FMLA Vd.4S, Vn.4S, Vm.S[i]
