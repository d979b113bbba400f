package nn

import "github.com/oneshot-nas/oneshot/autograd"

// MaxPool2D takes the maxima of windows; padding counts as −∞.
type MaxPool2D autograd.MaxWindow

// Forward maps [N][H][W][C] to [N][OH][OW][C].
func (m MaxPool2D) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.MaxPool(tp, x, autograd.MaxWindow(m))
}

// AvgPool2D averages windows.
type AvgPool2D autograd.AvgWindow

// Forward maps [N][H][W][C] to [N][OH][OW][C].
func (a AvgPool2D) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.AvgPool(tp, x, autograd.AvgWindow(a))
}

// UpsampleNearest makes every pixel a square of so many by so many equal ones.
type UpsampleNearest int

// Forward maps [N][H][W][C] to [N][u·H][u·W][C].
func (u UpsampleNearest) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.UpsampleNearest(tp, x, int(u))
}

// UpsampleBilinear makes images Scale times as high and wide by bilinear interpolation.
type UpsampleBilinear struct {
	Scale        int
	AlignCorners bool // the pixels at the corners stay where they are; else the borders do
}

// Forward maps [N][H][W][C] to [N][Scale·H][Scale·W][C].
func (u UpsampleBilinear) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	tp.Check("nn.UpsampleBilinear", x)
	return autograd.UpsampleBilinear(tp, x, u.Scale*x.Value.Dim(1), u.Scale*x.Value.Dim(2), u.AlignCorners)
}

// AdaptiveAvgPool2D averages images down to H×W pixels, whatever their size.
type AdaptiveAvgPool2D struct{ H, W int }

// Forward maps [N][…][…][C] to [N][H][W][C].
func (a AdaptiveAvgPool2D) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.AdaptiveAvgPool(tp, x, a.H, a.W)
}

// ZeroPad2D puts zeros around images.
type ZeroPad2D struct{ Left, Right, Top, Bottom int }

// Forward maps [N][H][W][C] to [N][Top+H+Bottom][Left+W+Right][C].
func (z ZeroPad2D) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.Pad(tp, x, 0, [2]int{}, [2]int{z.Top, z.Bottom}, [2]int{z.Left, z.Right})
}
