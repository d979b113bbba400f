package cluster

import (
	"cmp"
	"slices"
)

// board is the pieces of an order: what waits for what, and how much is done.
type board struct {
	waiting   map[string]*Piece   // not taken in yet
	missing   map[string]int      // of a piece, how many that it comes after
	followers map[string][]*Piece // of a piece
	rank      map[string]float64  // the work of a piece and of the longest chain behind it
	done, all float64             // work
}

func newBoard(pieces []Piece, after map[string][]string) *board {
	b := &board{waiting: make(map[string]*Piece), missing: make(map[string]int), followers: make(map[string][]*Piece), rank: make(map[string]float64)}
	for i := range pieces {
		p := &pieces[i]
		if b.waiting[p.Key] == nil {
			b.waiting[p.Key] = p
			b.all += p.Work
		}
	}
	for key, p := range b.waiting {
		for _, before := range after[key] {
			if b.waiting[before] != nil {
				b.missing[key]++
				b.followers[before] = append(b.followers[before], p)
			}
		}
	}
	for key := range b.waiting {
		b.chain(key)
	}
	return b
}

func (b *board) chain(key string) float64 {
	if r, ok := b.rank[key]; ok {
		return r
	}
	longest := 0.0
	for _, f := range b.followers[key] {
		longest = max(longest, b.chain(f.Key))
	}
	r := b.waiting[key].Work + longest
	b.rank[key] = r
	return r
}

func (b *board) left() int { return len(b.waiting) }

// ready are the pieces that wait for no others.
func (b *board) ready() []*Piece {
	var all []*Piece
	for key, p := range b.waiting {
		if b.missing[key] == 0 {
			all = append(all, p)
		}
	}
	return b.sorted(all)
}

// sorted puts first what most work comes after: with the longest last, all workers but one would wait for it.
func (b *board) sorted(pieces []*Piece) []*Piece {
	slices.SortFunc(pieces, func(p, q *Piece) int {
		return cmp.Or(cmp.Compare(b.rank[q.Key], b.rank[p.Key]), cmp.Compare(p.Key, q.Key))
	})
	return pieces
}

// took notes that a result is in, and returns the pieces that waited for nothing else.
func (b *board) took(key string) []*Piece {
	b.done += b.waiting[key].Work
	delete(b.waiting, key)
	var free []*Piece
	for _, f := range b.followers[key] {
		if b.missing[f.Key]--; b.missing[f.Key] == 0 {
			free = append(free, f)
		}
	}
	return b.sorted(free)
}
