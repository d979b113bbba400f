package autograd

// Replaced when the operations land.

func Scale(tp *Tape, x *Var, s float32) *Var { panic("not yet") }

func SmoothingOverOthers(eps float64, k int) float64 { return eps * float64(k) / float64(k-1) }
