// Loop structure of the register tiles: see tileArgs in tile.go. The kernels that include this file fill in what
// happens inside a tile.

#define args  AX
#define w     BX  // weights of this step
#define kleft CX  // steps left in this run
#define tap   DX  // next tap
#define pix   SI  // source pixel distance, bytes
#define pix3  DI  // three times that
#define s0    R8  // source of pixels 0-3
#define s4    R9  // source of pixels 4-7
#define s8    R10 // source of pixels 8-11
#define s12   R11 // source of pixels 12-15
#define dst   R12 // this tile's destination
#define src   R13 // this tile's source
#define ntaps R15 // runs left

// Stack frame: loop counters and the starts of the current row and image.
#define tilesLeft  0(SP)
#define rowsLeft   8(SP)
#define imagesLeft 16(SP)
#define rowDst     24(SP)
#define rowSrc     32(SP)
#define imgDst     40(SP)
#define imgSrc     48(SP)

// PROLOGUE sets up strides and the image loop; with nothing to do it leaves for the label done.
#define PROLOGUE \
	MOVQ a+0(FP), args              \
	MOVQ tileArgs_srcPix(args), pix \
	SHLQ $2, pix                    \
	LEAQ (pix)(pix*2), pix3         \
	MOVQ tileArgs_images(args), R8  \
	MOVQ R8, imagesLeft             \
	MOVQ tileArgs_dst(args), R8     \
	MOVQ R8, imgDst                 \
	MOVQ tileArgs_src(args), R8     \
	MOVQ R8, imgSrc

// ENTERIMAGE and ENTERROW start the inner loops; NEXTROW and NEXTIMAGE step them and set the flags of the count.
#define ENTERIMAGE \
	MOVQ imgDst, R8              \
	MOVQ R8, rowDst              \
	MOVQ imgSrc, R8              \
	MOVQ R8, rowSrc              \
	MOVQ tileArgs_rows(args), R8 \
	MOVQ R8, rowsLeft

#define ENTERROW \
	MOVQ rowDst, dst              \
	MOVQ rowSrc, src              \
	MOVQ tileArgs_tiles(args), R8 \
	MOVQ R8, tilesLeft

#define NEXTROW \
	MOVQ tileArgs_dstRow(args), R8 \
	SHLQ $2, R8                    \
	ADDQ R8, rowDst                \
	MOVQ tileArgs_srcRow(args), R8 \
	SHLQ $2, R8                    \
	ADDQ R8, rowSrc                \
	DECQ rowsLeft

#define NEXTIMAGE \
	MOVQ tileArgs_dstImg(args), R8 \
	SHLQ $2, R8                    \
	ADDQ R8, imgDst                \
	MOVQ tileArgs_srcImg(args), R8 \
	SHLQ $2, R8                    \
	ADDQ R8, imgSrc                \
	DECQ imagesLeft

// ENTERTAPS points at the first weight and tap.
#define ENTERTAPS \
	MOVQ tileArgs_w(args), w      \
	MOVQ tileArgs_taps(args), tap \
	MOVQ (tileArgs_taps+8)(args), ntaps
