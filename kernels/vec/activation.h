// The functions of activation_*.s and what they have in common: constants, of which each is one float.
//
// The polynomials are those of the Cephes library (S. L. Moshier, Methods and Programs for Mathematical Functions, 1989).

// min: below, exp is zero.
DATA coefficients<>+0(SB)/4, $(-104.0)
#define C_MIN coefficients<>+0(SB)
// max: above, it is infinite.
DATA coefficients<>+4(SB)/4, $(89.0)
#define C_MAX coefficients<>+4(SB)
DATA coefficients<>+8(SB)/4, $(1.4426950408889634)
#define C_LOG2E coefficients<>+8(SB)
// ln2hi: ln 2 = ln2hi + ln2lo, and n·ln2hi is exact.
DATA coefficients<>+12(SB)/4, $(0.693359375)
#define C_LN2HI coefficients<>+12(SB)
DATA coefficients<>+16(SB)/4, $(-2.12194440e-4)
#define C_LN2LO coefficients<>+16(SB)
// e^r = 1 + r + r²·(e2 + e3·r + … + e7·r⁵) for |r| ≤ ln 2 / 2.
DATA coefficients<>+20(SB)/4, $(1.9875691500e-04)
#define C_E7 coefficients<>+20(SB)
DATA coefficients<>+24(SB)/4, $(1.3981999507e-03)
#define C_E6 coefficients<>+24(SB)
DATA coefficients<>+28(SB)/4, $(8.3334519073e-03)
#define C_E5 coefficients<>+28(SB)
DATA coefficients<>+32(SB)/4, $(4.1665795894e-02)
#define C_E4 coefficients<>+32(SB)
DATA coefficients<>+36(SB)/4, $(1.6666665459e-01)
#define C_E3 coefficients<>+36(SB)
DATA coefficients<>+40(SB)/4, $(5.0000001201e-01)
#define C_E2 coefficients<>+40(SB)
// tanh x = x + x³·(t3 + t5·x² + … + t11·x⁸) for |x| < small.
DATA coefficients<>+44(SB)/4, $(-5.70498872745e-03)
#define C_T11 coefficients<>+44(SB)
DATA coefficients<>+48(SB)/4, $(2.06390887954e-02)
#define C_T9 coefficients<>+48(SB)
DATA coefficients<>+52(SB)/4, $(-5.37397155531e-02)
#define C_T7 coefficients<>+52(SB)
DATA coefficients<>+56(SB)/4, $(1.33314422036e-01)
#define C_T5 coefficients<>+56(SB)
DATA coefficients<>+60(SB)/4, $(-3.33332819422e-01)
#define C_T3 coefficients<>+60(SB)
DATA coefficients<>+64(SB)/4, $(0.625)
#define C_SMALL coefficients<>+64(SB)
DATA coefficients<>+68(SB)/4, $(1.0)
#define C_ONE coefficients<>+68(SB)
DATA coefficients<>+72(SB)/4, $(2.0)
#define C_TWO coefficients<>+72(SB)
DATA coefficients<>+76(SB)/4, $(6.0)
#define C_SIX coefficients<>+76(SB)
DATA coefficients<>+80(SB)/4, $0x7fffffff
#define C_ABS coefficients<>+80(SB)
GLOBL coefficients<>(SB), RODATA|NOPTR, $84
