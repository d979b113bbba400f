// Loop structure of the outer products: see outerArgs in kernels.go. The kernels that include this file fill in what
// happens at a pixel.

#define args     AX
#define x        BX  // input pixel
#define dy       CX  // gradient pixel
#define cols     DX  // pixels left in this row
#define xPix     SI  // distances in bytes
#define dyPix    DI
#define rowX     R8  // starts of the current row
#define rowDY    R9
#define rows     R10 // rows left in this image
#define imgX     R11 // starts of the current image
#define imgDY    R12
#define images   R13 // images left
#define tmp      R15
#define dw       BX
#define dwRow    CX

#define PROLOGUE \
	MOVQ a+0(FP), args                \
	MOVQ outerArgs_xPix(args), xPix   \
	SHLQ $2, xPix                     \
	MOVQ outerArgs_dyPix(args), dyPix \
	SHLQ $2, dyPix                    \
	MOVQ outerArgs_x(args), imgX      \
	MOVQ outerArgs_dy(args), imgDY    \
	MOVQ outerArgs_images(args), images

#define ENTERIMAGE \
	MOVQ imgX, rowX   \
	MOVQ imgDY, rowDY \
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

#define NEXTIMAGE \
	MOVQ outerArgs_xImg(args), tmp  \
	LEAQ (imgX)(tmp*4), imgX        \
	MOVQ outerArgs_dyImg(args), tmp \
	LEAQ (imgDY)(tmp*4), imgDY      \
	DECQ images

#define ENTERDW \
	MOVQ outerArgs_dw(args), dw       \
	MOVQ outerArgs_dwRow(args), dwRow \
	SHLQ $2, dwRow
