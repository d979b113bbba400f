package cellgraph

// Graph is a directed acyclic graph.
type Graph struct {
	Name     string // stands above it
	Vertices []Vertex
	Edges    []Edge
}

// Kind is what a vertex stands for.
type Kind uint8

// The kinds of vertex.
const (
	Value     Kind = iota // an input, a sum, a concatenation, an output
	Operation             // what computes one value from another
)

// Vertex is a value or an operation.
type Vertex struct {
	Label string
	Kind  Kind
}

// Edge leads from one vertex to another, later one: From < To, both positions in Graph.Vertices.
type Edge struct{ From, To int }

// add appends a vertex that reads others and returns its position.
func (g *Graph) add(kind Kind, label string, from ...int) int {
	to := len(g.Vertices)
	g.Vertices = append(g.Vertices, Vertex{label, kind})
	for _, f := range from {
		g.Edges = append(g.Edges, Edge{f, to})
	}
	return to
}
