// Instructions that the Go assembler lacks; in the order of its operands, the destination last.

// FMAX Vd.4S, Vn.4S, Vm.4S: a NaN in either makes one
#define FMAX_4S(vm, vn, vd) WORD $(0x4E20F400 | (vm)<<16 | (vn)<<5 | (vd))

// FCMGT Vd.4S, Vn.4S, Vm.4S: all bits of the lanes where n > m
#define FCMGT_4S(vm, vn, vd) WORD $(0x6EA0E400 | (vm)<<16 | (vn)<<5 | (vd))

// FADD Vd.4S, Vn.4S, Vm.4S
#define FADD_4S(vm, vn, vd) WORD $(0x4E20D400 | (vm)<<16 | (vn)<<5 | (vd))
