// What the Go assembler lacks.

// FMLA_4S multiplies the vector vn by lane i of vm and adds it to vd.
#define FMLA_4S(vm, i, vn, vd) WORD $(0x4F801000 | ((i)&1)<<21 | ((i)>>1)<<11 | (vm)<<16 | (vn)<<5 | (vd)) // FMLA Vd.4S, Vn.4S, Vm.S[i]
