// Instructions that the Go assembler lacks; in the order of its operands, the destination last.

// FADD Vd.4S, Vn.4S, Vm.4S
#define FADD_4S(vm, vn, vd) WORD $(0x4E20D400 | (vm)<<16 | (vn)<<5 | (vd))

// FCMGT Vd.4S, Vn.4S, Vm.4S: all bits of the lanes where n > m
#define FCMGT_4S(vm, vn, vd) WORD $(0x6EA0E400 | (vm)<<16 | (vn)<<5 | (vd))

// FCMEQ Vd.4S, Vn.4S, Vm.4S
#define FCMEQ_4S(vm, vn, vd) WORD $(0x4E20E400 | (vm)<<16 | (vn)<<5 | (vd))

// ORN Vd.16B, Vn.16B, Vm.16B: n or not m
#define ORN_16B(vm, vn, vd) WORD $(0x4EE01C00 | (vm)<<16 | (vn)<<5 | (vd))
