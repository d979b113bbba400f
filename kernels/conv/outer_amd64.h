// Loop structure of the outer products: see outerArgs in kernels.go. The kernels that include this file fill in what
// happens at a pixel.

#define args      AX
#define x         BX  // input pixel
#define dy        CX  // gradient pixel
#define cols      DX  // pixels left in this row
#define xPix      SI  // distances in bytes
#define dyPix     DI
#define rowX      R8  // starts of the current row
#define rowDY     R9
#define rows      R10 // rows left
#define tmp       R15
#define ahead     R11 // fetched into the level-2 cache
#define aheadStep R12
#define dw        BX
#define dwRow     CX

#define PROLOGUE \
	MOVQ a+0(FP), args                \
	MOVQ outerArgs_xPix(args), xPix   \
	SHLQ $2, xPix                     \
	MOVQ outerArgs_dyPix(args), dyPix \
	SHLQ $2, dyPix                    \
	MOVQ outerArgs_x(args), rowX      \
	MOVQ outerArgs_dy(args), rowDY    \
	MOVQ outerArgs_rows(args), rows

#define ENTERROW \
	MOVQ rowX, x   \
	MOVQ rowDY, dy \
	MOVQ outerArgs_cols(args), cols

#define NEXTROW \
	MOVQ outerArgs_xRow(args), tmp  \
	LEAQ (rowX)(tmp*4), rowX        \
	MOVQ outerArgs_dyRow(args), tmp \
	LEAQ (rowDY)(tmp*4), rowDY      \
	DECQ rows

#define ENTERDW \
	MOVQ outerArgs_dw(args), dw       \
	MOVQ outerArgs_dwRow(args), dwRow \
	SHLQ $2, dwRow

// PIXELS walks over all pixels, PIXEL by PIXEL. Where there is something to fetch ahead it does so.
#define PIXELS(PIXEL) \
	MOVQ  outerArgs_aheadStep(args), aheadStep \
	SHLQ  $2, aheadStep                        \
	MOVQ  outerArgs_ahead(args), ahead         \
	TESTQ ahead, ahead                         \
	JNZ   rowAhead                             \
row:                                           \
	ENTERROW                                   \
pixel:                                         \
	PIXEL                                      \
	ADDQ xPix, x                               \
	ADDQ dyPix, dy                             \
	DECQ cols                                  \
	JNZ  pixel                                 \
	NEXTROW                                    \
	JNZ  row                                   \
	JMP  end                                   \
rowAhead:                                      \
	ENTERROW                                   \
pixelAhead:                                    \
	PREFETCHT1 (ahead)                         \
	PIXEL                                      \
	ADDQ       xPix, x                         \
	ADDQ       dyPix, dy                       \
	ADDQ       aheadStep, ahead                \
	DECQ       cols                            \
	JNZ        pixelAhead                      \
	NEXTROW                                    \
	JNZ        rowAhead                        \
end:
