// Instructions that the Go assembler lacks; in the order of its operands, the destination last.

#define FADD_4S(vm, vn, vd) WORD $(0x4E20D400 | (vm)<<16 | (vn)<<5 | (vd)) // FADD Vd.4S, Vn.4S, Vm.4S
