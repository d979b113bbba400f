package tensor

import "github.com/oneshot-nas/oneshot/kernels/fault"

// ArgMax returns, for each row, the index along the last axis of its largest element, the first of several: of logits [N][K] the classes
// that are predicted. A NaN is larger than all else, as in PyTorch.
func (t Tensor) ArgMax() []int {
	cols := t.Cols()
	if cols == 0 {
		fault.Shape("tensor.ArgMax", "rows of no elements", "at least one")
	}
	ld, index := t.LD(), make([]int, t.Rows())
	for i := range index {
		row := t.Data[i*ld:][:cols]
		for j, v := range row {
			if m := row[index[i]]; v > m || v != v && m == m {
				index[i] = j
			}
		}
	}
	return index
}
