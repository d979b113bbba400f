package autograd

// slab hands out structs of one type that a tape uses again after each step. A family of operations owns one,
//
//	var pools = newSlab[poolOp]()
//
// and takes a struct with pools.get(tp): the tape need not know of it.
type slab[T any] struct{ index int }

// slabs counts the slabs of the program, which are made while its packages are initialised.
var slabs int

func newSlab[T any]() slab[T] {
	slabs++
	return slab[T]{slabs - 1}
}

// stock is what one tape holds for one slab.
type stock[T any] struct {
	items []*T
	used  int
}

func (p *stock[T]) reset() { p.used = 0 }

// of returns the tape's structs of the slab.
func (s slab[T]) of(tp *Tape) *stock[T] {
	if len(tp.stocks) < slabs {
		tp.stocks = append(tp.stocks, make([]interface{ reset() }, slabs-len(tp.stocks))...)
	}
	if tp.stocks[s.index] == nil {
		tp.stocks[s.index] = new(stock[T])
	}
	return tp.stocks[s.index].(*stock[T])
}

// get returns a struct as its last user has left it: with buffers that can be used again.
func (s slab[T]) get(tp *Tape) *T {
	p := s.of(tp)
	if p.used == len(p.items) {
		p.items = append(p.items, new(T))
	}
	p.used++
	return p.items[p.used-1]
}

// live lists the structs handed out since the last reset.
func (s slab[T]) live(tp *Tape) []*T {
	p := s.of(tp)
	return p.items[:p.used]
}
