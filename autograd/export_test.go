package autograd

// Used is how many bytes of activations and gradients the tape holds now.
func (tp *Tape) Used() int64 { return tp.arena.Used() }

// Plant gives a value a gradient and Walk goes back from there: BackwardFrom in two steps, so that benchmarks can time the second.
func (tp *Tape) Plant(s OutputGradient) { tp.contributeRows(s.Var, s.Grad.Data, s.Grad.Cols()) }

func (tp *Tape) Walk() { tp.walk() }
