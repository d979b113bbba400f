package nasbench101

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"sync"
	"testing"
)

// smallest is an independent canonical form: the least text of all renumberings of the inner vertices, whether or not edges
// then lead backwards.
func smallest(a Arch) string {
	n := a.Vertices()
	best := ""
	var permute func(p []int)
	permute = func(p []int) {
		if len(p) == n-2 {
			p = append(append([]int{0}, p...), n-1)
			var text []byte
			for i := range n {
				if i > 0 && i < n-1 {
					text = append(text, 'a'+byte(a.Op(p[i])))
				}
				for j := range n {
					if p[i] < p[j] && a.Edge(p[i], p[j]) {
						text = append(text, '1')
					} else {
						text = append(text, '0')
					}
				}
			}
			if s := string(text); best == "" || s < best {
				best = s
			}
			return
		}
	next:
		for v := 1; v < n-1; v++ {
			for _, u := range p {
				if u == v {
					continue next
				}
			}
			permute(append(p[:len(p):len(p)], v))
		}
	}
	permute(nil)
	return best
}

// Of all numbered cells of up to five vertices, and of some larger ones, those with the same canonical form are those with the
// same hash are those that brute force finds isomorphic.
func TestCanonicalAgainstBruteForce(t *testing.T) {
	var cells []Arch
	for n := 2; n <= 5; n++ {
		for edges := range uint32(1) << shift(n) {
			if bits.OnesCount32(edges) <= MaxEdges && complete(n, edges) {
				for ops := range labels(n - 2) {
					cells = append(cells, Arch{uint8(n), edges, ops})
				}
			}
		}
	}
	numbered := len(cells)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		a := New().Sample(rng).(Arch)
		cells = append(cells, a, renumbered(a, rng))
	}
	byForm, byHash, byForce := map[Arch]string{}, map[string]string{}, map[string]Arch{}
	for i, a := range cells {
		c, h, s := a.canonical(), a.Hash(), smallest(a)
		if !c.Valid() || c.canonical() != c || smallest(c) != s {
			t.Fatalf("canonical form of %v is %v", a, c)
		}
		if x, ok := byForm[c]; ok && x != s {
			t.Fatalf("%v has the canonical form of a cell that is not isomorphic", a)
		}
		if x, ok := byHash[h]; ok && x != s {
			t.Fatalf("%v has the hash of a cell that is not isomorphic", a)
		}
		if x, ok := byForce[s]; ok && (x != c || x.Hash() != h) {
			t.Fatalf("%v has the canonical form %v, an isomorphic cell %v", a, c, x)
		}
		byForm[c], byHash[h], byForce[s] = s, s, c
		if i == numbered-1 && len(byForce) != 1+6+84+2441 {
			t.Errorf("%d different cells of up to five vertices, want 2,532", len(byForce))
		}
	}
}

// renumbered returns an isomorphic cell: inner vertices are placed at random, each after those that it reads.
func renumbered(a Arch, rng *rand.Rand) Arch {
	n := a.Vertices()
	b := Arch{n: a.n}
	now := make([]int, n)
	placed := uint32(1)
	for at := 1; at < n; {
		v := 1 + rng.IntN(n-1)
		if placed>>v&1 == 1 || sources(a.edges, v)&^placed != 0 || v == n-1 && at < n-1 {
			continue
		}
		now[v], placed = at, placed|1<<v
		for _, u := range a.Inputs(v) {
			b.edges |= 1 << (shift(at) + now[u])
		}
		if v < n-1 {
			b.ops[at-1] = a.Op(v)
		}
		at++
	}
	return b
}

// The published numbers of cells, in all and by their vertices; and no two of them have the same hash.
func TestEnumeration(t *testing.T) {
	want := map[int]int{2: 1, 3: 6, 4: 84, 5: 2441, 6: 62010, 7: 359082}
	got := map[int]int{}
	var all []Arch
	for a := range cells() {
		got[a.Vertices()]++
		all = append(all, a)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || len(all) != Size || New().Size().Int64() != Size {
		t.Errorf("%d cells, by vertices %v, want %v", len(all), got, want)
	}
	for i := 0; i < len(all); i += 997 {
		if c := all[i].canonical(); c != all[i] {
			t.Fatalf("%v is enumerated, its canonical form is %v", all[i], c)
		}
	}
	if testing.Short() {
		t.Skip("the hashes of all cells take seconds")
	}
	hashes := make([]string, len(all))
	const parts = 8
	var work sync.WaitGroup
	for p := range parts {
		work.Go(func() {
			for i := p; i < len(all); i += parts {
				hashes[i] = all[i].Hash()
			}
		})
	}
	work.Wait()
	seen := make(map[string]bool, len(all))
	for i, h := range hashes {
		if seen[h] {
			t.Fatalf("%v has the hash of another cell, %s", all[i], h)
		}
		seen[h] = true
	}
}

func BenchmarkEnumeration(b *testing.B) {
	for b.Loop() {
		for range cells() {
		}
	}
	b.ReportMetric(float64(Size)*float64(b.N)/b.Elapsed().Seconds(), "cells/s")
}

func BenchmarkHash(b *testing.B) {
	a := mustParse(b, inception)
	for b.Loop() {
		a.Hash()
	}
}
