package cellgraph

import (
	"cmp"
	"slices"
)

// The measures of a picture, in pixels.
const (
	layerHeight = 58.0
	boxHeight   = 26.0
	gap         = 16.0 // between two boxes of a layer
	letter      = 6.6  // width of a letter on average
	rounds      = 24   // of averaging
)

// point is a place in a layer: a vertex, or where a long edge passes through.
type point struct {
	vertex int // -1 for an edge passing through
	layer  int
	x      float64 // of the middle
	width  float64
	above  []*point
	below  []*point
}

// layout is a graph with places.
type layout struct {
	layers [][]*point // from left to right
	paths  [][]*point // for each edge, from its vertex through the layers to the other
	points []*point   // of the vertices
	left   float64    // of everything
	right  float64
}

func newLayout(g Graph) *layout {
	l := &layout{points: make([]*point, len(g.Vertices))}
	for i, v := range g.Vertices {
		l.points[i] = &point{vertex: i, width: letter*float64(len([]rune(v.Label))) + 18}
	}
	edges := slices.Clone(g.Edges) // in the order of the vertices that they lead to, so that each layer is known when it is used
	slices.SortStableFunc(edges, func(d, e Edge) int { return cmp.Compare(d.To, e.To) })
	for _, e := range edges {
		l.points[e.To].layer = max(l.points[e.To].layer, l.points[e.From].layer+1)
	}
	for _, p := range l.points {
		l.place(p)
	}
	for _, e := range edges {
		l.connect(l.points[e.From], l.points[e.To])
	}
	for i := range rounds {
		l.order(i%2 == 0)
	}
	l.spread()
	return l
}

// place puts a point at the right end of its layer.
func (l *layout) place(p *point) {
	for len(l.layers) <= p.layer {
		l.layers = append(l.layers, nil)
	}
	l.layers[p.layer] = append(l.layers[p.layer], p)
}

// connect leads an edge from a to b, with a point in every layer between.
func (l *layout) connect(a, b *point) {
	path := []*point{a}
	for layer := a.layer + 1; layer < b.layer; layer++ {
		p := &point{vertex: -1, layer: layer, width: 1}
		l.place(p)
		path = append(path, p)
	}
	path = append(path, b)
	for i, p := range path[1:] {
		p.above = append(p.above, path[i])
		path[i].below = append(path[i].below, p)
	}
	l.paths = append(l.paths, path)
}

// order sorts each layer by the average place of the neighbours, those above going down, or those below going up.
func (l *layout) order(down bool) {
	for _, layer := range l.layers {
		for i, p := range layer {
			p.x = float64(i)
		}
	}
	for i := range l.layers {
		layer := l.layers[i]
		if !down {
			layer = l.layers[len(l.layers)-1-i]
		}
		wish := make(map[*point]float64, len(layer))
		for _, p := range layer {
			wish[p] = average(p, down)
		}
		slices.SortStableFunc(layer, func(p, q *point) int { return cmp.Compare(wish[p], wish[q]) })
		for i, p := range layer {
			p.x = float64(i)
		}
	}
}

// average is the mean place of a point's neighbours on one side, its own place if it has none there.
func average(p *point, above bool) float64 {
	neighbours := p.below
	if above {
		neighbours = p.above
	}
	if len(neighbours) == 0 {
		return p.x
	}
	sum := 0.0
	for _, q := range neighbours {
		sum += q.x
	}
	return sum / float64(len(neighbours))
}

// spread finds the places in pixels: again and again each point goes towards the average of its neighbours, as far as those
// beside it let it.
func (l *layout) spread() {
	for _, layer := range l.layers {
		pack(layer, make([]float64, len(layer)))
	}
	for i := range rounds {
		for j := range l.layers {
			layer, down := l.layers[j], i%2 == 0
			if !down {
				layer = l.layers[len(l.layers)-1-j]
			}
			wish := make([]float64, len(layer))
			for k, p := range layer {
				wish[k] = average(p, down)
			}
			pack(layer, wish)
		}
	}
	for i, layer := range l.layers {
		for j, p := range layer {
			if i == 0 && j == 0 {
				l.left, l.right = p.x, p.x
			}
			l.left, l.right = min(l.left, p.x-p.width/2), max(l.right, p.x+p.width/2)
		}
	}
}

// pack puts the points of a layer near the wished places without overlap and in the given order: half-way between pushing
// them all to the right as far as needed and all to the left.
func pack(layer []*point, wish []float64) {
	distance := func(i int) float64 { return (layer[i-1].width+layer[i].width)/2 + gap }
	right, left := slices.Clone(wish), slices.Clone(wish)
	for i := 1; i < len(layer); i++ {
		right[i] = max(wish[i], right[i-1]+distance(i))
	}
	for i := len(layer) - 1; i > 0; i-- {
		left[i-1] = min(wish[i-1], left[i]-distance(i))
	}
	for i, p := range layer {
		p.x = (left[i] + right[i]) / 2
	}
}
